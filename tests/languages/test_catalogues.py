"""The list of texts is what the code says, and each catalogue has all of it."""

import re

import polib
import pytest

from app.languages import ENGLISH, LANGUAGES
from app.languages.catalogue import FOLDER, HOLE, WITH_HOLES
from app.languages.extracting import template_list

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
AGAIN = "Write it anew: python -m app.languages"
_FILLED = re.compile(r"%\((\w+)\)s")
_TAG = re.compile(r"</?\w+[^>]*>")


def entries(name: str) -> dict[str, polib.POEntry]:
    return {entry.msgid: entry for entry in polib.pofile(str(FOLDER / name))}


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_the_list_has_every_text_and_nothing_else() -> None:
    assert str(template_list()).strip() == (FOLDER / "en.pot").read_text().strip(), AGAIN


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated(language: str) -> None:
    wanted, there = entries("en.pot"), entries(f"{language}.po")
    assert list(there) == list(wanted), AGAIN
    empty = [msgid for msgid, entry in there.items() if not all(one.strip() for one in translations(entry))]
    assert not empty, f"{len(empty)} texts have no translation: {empty[:10]}"
    assert not [msgid for msgid, entry in there.items() if entry.fuzzy]


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_same_holes_tags_and_edges(language: str) -> None:
    wrong = []
    for entry in entries(f"{language}.po").values():
        for text in filter(None, translations(entry)):
            originals = [entry.msgid, entry.msgid_plural] if entry.msgid_plural else [entry.msgid]
            wrong += [
                (one, text) for one in ([] if any(fits(one, text, entry) for one in originals) else originals)
            ]
    assert wrong == []


def fits(original: str, text: str, entry: polib.POEntry) -> bool:
    """The one of one (“a file”) may leave its number out."""
    holes = HOLE if WITH_HOLES in entry.flags else _FILLED
    there, wanted = sorted(set(holes.findall(text))), sorted(set(holes.findall(original)))
    if entry.msgid_plural:
        there, wanted = [name for name in there if name != "num"], [name for name in wanted if name != "num"]
    return (
        there == wanted
        and sorted(_TAG.findall(text)) == sorted(_TAG.findall(original))
        # In an attribute this would end it: other languages' own quotes are other signs.
        and text.count('"') == original.count('"')
        and len(text) - len(text.lstrip()) == len(original) - len(original.lstrip())
        and len(text) - len(text.rstrip()) == len(original) - len(original.rstrip())
    )


@pytest.mark.parametrize("language", OTHERS)
def test_plural_forms_are_there_for_each_number(language: str) -> None:
    file = polib.pofile(str(FOLDER / f"{language}.po"))
    assert file.metadata["Plural-Forms"] == "nplurals=2; plural=(n != 1);"
    assert {tuple(entry.msgstr_plural) for entry in file if entry.msgid_plural} == {(0, 1)}
