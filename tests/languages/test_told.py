"""English sentences, as they are stored or raised, are found in a catalogue and told in its language."""

import time
from pathlib import Path

import polib
import pytest

from app.languages.catalogue import WITH_HOLES, Catalogue
from app.languages.choice import language_for, wished

TEXTS = {
    "Cancelled": "Abgebrochen",
    "ready": "bereit",
    "title": "Titel",
    "artist": "Interpret",
    " and ": " und ",
    "{count} tracks": "{count} Stücke",
    "{seconds} seconds": "{seconds} Sekunden",
    "The site has sent nothing for {stall_s}. Retry later.": "Seit {stall_s} kam nichts. Später nochmals.",
    "Retry.": "Nochmals versuchen.",
    "The disk is full.": "Die Platte ist voll.",
    "Discarded: {failure_message}": "Verworfen: {failure_message}",
    "{done} of {total} MB": "{total} MB, davon {done}",
    "Added “{title}” to the library": "„{title}“ ist in der Bibliothek",
    "Edited: {changes}": "Geändert: {changes}",
    "Left out: {left}.": "Weggelassen: {left}.",
    "It could not be told: {trouble}.": "Nicht gemeldet: {trouble}.",
    "Nobody understands this address. Check it": "Diese Adresse versteht niemand. Prüfe sie",
    "{free} free": "{free} frei",
    "Use {version} now": "Nimm jetzt {version}",
}


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    file = polib.POFile()
    file.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    for msgid, msgstr in TEXTS.items():
        file.append(polib.POEntry(msgid=msgid, msgstr=msgstr, flags=[WITH_HOLES] if "{" in msgid else []))
    path: Path = tmp_path_factory.mktemp("languages") / "de.po"
    file.save(str(path))
    return Catalogue(path, (".", ","))


@pytest.mark.parametrize(
    ("english", "told"),
    [
        ("Cancelled", "Abgebrochen"),
        # What is in a hole is told as well, one after another, wherever the translation has it.
        (
            "The site has sent nothing for 120 seconds. Retry later.",
            "Seit 120 Sekunden kam nichts. Später nochmals.",
        ),
        ("3 of 12 MB", "12 MB, davon 3"),
        ("Discarded: The disk is full. Retry.", "Verworfen: Die Platte ist voll. Nochmals versuchen."),
        ("Edited: title, artist and title", "Geändert: Titel, Interpret und Titel"),
        # Sentences that stand together, and lines of facts.
        (
            "The disk is full. Something new. Retry.",
            "Die Platte ist voll. Something new. Nochmals versuchen.",
        ),
        ("7 tracks · FLAC · ready", "7 Stücke · FLAC · bereit"),
        # One that has an end within stays one, and numbers are written as the language writes them.
        (
            "It could not be told: Nobody understands this address. Check it.",
            "Nicht gemeldet: Diese Adresse versteht niemand. Prüfe sie.",
        ),
        ("1,200 tracks · 12.3 GB free · 44.1 kHz", "1.200 Stücke · 12,3 GB frei · 44,1 kHz"),
        ("Use 2026.11 now", "Nimm jetzt 2026.11"),
        ("Added “1,000” to the library", "„1,000“ ist in der Bibliothek"),
        # Other people's words stay, and so does what nobody has translated.
        ("Added “Cancelled” to the library", "„Cancelled“ ist in der Bibliothek"),
        ("Added “{count} tracks” to the library", "„{count} tracks“ ist in der Bibliothek"),
        ("Nobody knows this sentence.", "Nobody knows this sentence."),
        ("Nobody knows this sentence of 7 MB", "Nobody knows this sentence of 7 MB"),
        ("Edited: an own word, artist", "Geändert: an own word, artist"),
        ("tracks", "tracks"),
        (" tracks", " tracks"),
        ("", ""),
        ("12:30", "12:30"),
    ],
)
def test_a_sentence_is_told(german: Catalogue, english: str, told: str) -> None:
    assert german.tell(english) == told


def test_english_stays_what_it_is() -> None:
    assert Catalogue(None).tell("3 of 12 MB") == "3 of 12 MB"


def test_a_long_text_made_to_be_slow_is_not(german: Catalogue) -> None:
    began = time.perf_counter()
    for text in (
        "a. " * 600,
        "Discarded: " * 180,
        "a of b of " * 190,
        "x, y and " * 220,
        "Left out: . " * 160,
    ):
        german.tell(text)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("ES-mx", "es"),
        ("en-GB,de;q=0.9", "en"),
        ("en;q=0.3, es;q=0.7, de;q=0.5", "es"),
        ("pt-BR,pt;q=0.9", "en"),
        ("pt, de;q=0.5", "de"),
        ("de;q=0", "en"),
        ("de;q=nan, es;q=1e400, *", "en"),
        ("", "en"),
        (";;q==,," * 500 + "de", "en"),
    ],
)
def test_the_browser_says_which_language(header: str, language: str) -> None:
    assert wished(header) == language


def test_what_somebody_chose_counts_more_than_their_browser() -> None:
    assert language_for("es", "de") == "es"
    assert language_for("", "de") == "de"
    assert language_for("xx", "de") == "de"
