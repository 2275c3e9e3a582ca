"""Titles as uploaders write them, with invented artists: what a careful person would type."""

import time

import pytest

from app.tags.titles import ParsedTitle, parse_title

# title, channel, artist, title
READ = [
    # plain separators
    ("Mira Vale - Salt Harbour", "Mira Vale", "Mira Vale", "Salt Harbour"),
    ("Mira Vale – Salt Harbour", "", "Mira Vale", "Salt Harbour"),
    ("Mira Vale -- Salt Harbour", "", "Mira Vale", "Salt Harbour"),
    ("Mira Vale- Salt Harbour", "Mira Vale", "Mira Vale", "Salt Harbour"),
    ("Mira Vale -Harbour-【Official Video】", "", "Mira Vale", "Harbour"),
    ("Mira Vale ~ Salt Harbour (Audio)", "", "Mira Vale", "Salt Harbour"),
    ("MV_Mira Vale_Harbour", "", "Mira Vale", "Harbour"),
    ("Mira Vale: Salt Harbour (Official Music Video)", "Mira Vale", "Mira Vale", "Salt Harbour"),
    ("Mira Vale-Harbour Lights(Remix)", "some fan", "Mira Vale", "Harbour Lights (Remix)"),
    ("Salt-Rain Harbour", "Mira Vale", "Mira Vale", "Salt-Rain Harbour"),
    ("Salt Harbour", "Mira Vale", "Mira Vale", "Salt Harbour"),
    # the channel tells which side is the artist
    ("Salt Harbour (Official Video) - Mira Vale", "Mira Vale", "Mira Vale", "Salt Harbour"),
    ("Salt Harbour - The Tin Foxes", "TheTinFoxesVEVO", "The Tin Foxes", "Salt Harbour"),
    ('"Salt Harbour" - Mira Vale', "uploads", "Mira Vale", "Salt Harbour"),
    ("Salt Harbour", "TheTinFoxesVEVO", "The Tin Foxes", "Salt Harbour"),
    ("Mira Vale Salt Harbour Official song", "mira vale", "Mira Vale", "Salt Harbour"),
    # kinds of upload
    ("Mira Vale - Harbour [OFFICIAL SHORT FILM VIDEO]", "", "Mira Vale", "Harbour"),
    ("Mira Vale - Harbour (Clip Officiel)", "MiraValeVEVO", "Mira Vale", "Harbour"),
    ("Mira Vale - Harbour (Vídeo Oficial) [4K]", "", "Mira Vale", "Harbour"),
    ("Mira Vale - Harbour Official Music Video HD", "", "Mira Vale", "Harbour"),
    ("Mira Vale - Harbour (Offizielles Video) DJ Quark", "", "Mira Vale", "Harbour"),
    ("Мира Вейл — Гавань (премьера клипа, 2018)", "Мира Вейл", "Мира Вейл", "Гавань"),
    ("Mira Vale - Harbour [Color Coded_Han_Rom_Eng]", "", "Mira Vale", "Harbour"),
    ("Mira Vale - Harbour (prod. by Quark)", "Mira Vale", "Mira Vale", "Harbour"),
    ("Mira Vale - Harbour [Wet Ink]", "Wet Ink", "Mira Vale", "Harbour"),
    ("Mira Vale - Harbour #newmusic #indie", "", "Mira Vale", "Harbour"),
    ("Mira Vale - #Harbour", "", "Mira Vale", "#Harbour"),
    ("Mira Vale - Harbour **NEW**", "", "Mira Vale", "Harbour"),
    ("Mira Vale - Harbour 🔥", "", "Mira Vale", "Harbour"),
    ("Mira Vale - Harbour.mp4", "", "Mira Vale", "Harbour"),
    ("[Folk] Mira Vale - Harbour", "", "Mira Vale", "Harbour"),
    ("[Folk] - Mira Vale - Harbour", "", "Mira Vale", "Harbour"),
    ("[Foxes] - Harbour", "", "[Foxes]", "Harbour"),
    ("03. Mira Vale - Harbour", "", "Mira Vale", "Harbour"),
    ("Mira Vale - Tin Boats (1979) [Full Album]", "", "Mira Vale", "Tin Boats"),
    ("Mira Vale - Video", "Mira Vale", "Mira Vale", "Video"),
    ("Video Games for Foxes", "Mira Vale", "Mira Vale", "Video Games for Foxes"),
    ("Mira Vale - Harbour of the Salt 1980", "some fan", "Mira Vale", "Harbour of the Salt"),
    ("Mira Vale - Disco 2000", "some fan", "Mira Vale", "Disco 2000"),
    ("Mira Vale - Harbour [INK001]", "Wet Ink", "Mira Vale", "Harbour"),
    # names of songs that look like notes
    ("Mira Vale - Snow (Oh No) (Official Video)", "", "Mira Vale", "Snow (Oh No)"),
    ("Mira Vale - (Don't) Go Home", "", "Mira Vale", "(Don't) Go Home"),
    ("Mira Vale - Stay (With Me)", "", "Mira Vale", "Stay (With Me)"),
    ("Mira Vale - Rock 'n' Roll Foxes", "", "Mira Vale", "Rock 'n' Roll Foxes"),
    ("Stand by the Harbour", "Mira Vale", "Mira Vale", "Stand by the Harbour"),
    ("J. Vale - Harbour", "", "J. Vale", "Harbour"),
    # which recording it is stays
    ("Mira Vale - Harbour (Official Live Video)", "", "Mira Vale", "Harbour (Live)"),
    ("Mira Vale - Harbour (Quark Remix) (Official Video)", "Quark", "Mira Vale", "Harbour (Quark Remix)"),
    ("Mira Vale - Harbour (Slowed - Official Audio)", "", "Mira Vale", "Harbour (Slowed)"),
    ("Mira Vale - Harbour (Acoustic) HQ", "", "Mira Vale", "Harbour (Acoustic)"),
    ("Mira Vale - Harbour - Radio Edit", "", "Mira Vale", "Harbour (Radio Edit)"),
    ("Mira Vale - Harbour | Live at the Pier", "", "Mira Vale", "Harbour (Live at the Pier)"),
    ("Mira Vale - Harbour - Remastered 2009", "", "Mira Vale", "Harbour (Remastered 2009)"),
    ("Mira Vale - Live at the Pier Festival 2015", "", "Mira Vale", "Live at the Pier Festival 2015"),
    ("Mira Vale - Harbour (En Vivo)", "", "Mira Vale", "Harbour (En Vivo)"),
    # features
    ("Mira Vale - Harbour ft. Bo (Official Video)", "", "Mira Vale feat. Bo", "Harbour"),
    ("Mira Vale - Harbour (Official Video) ft. Bo & Cy", "", "Mira Vale feat. Bo & Cy", "Harbour"),
    ("Mira Vale FEAT Bo - Harbour", "", "Mira Vale feat. Bo", "Harbour"),
    ("Mira Vale - Harbour (with Bo Lund)", "", "Mira Vale feat. Bo Lund", "Harbour"),
    ("Mira Vale - Harbour ft. Bo (Quark Remix)", "", "Mira Vale feat. Bo", "Harbour (Quark Remix)"),
    ("Mira Vale - Harbour featuring Bo ft. Bo", "", "Mira Vale feat. Bo", "Harbour"),
    ("ミラ - 港 feat.初音", "", "ミラ feat. 初音", "港"),
    ("Mira Vale - Harbour (feat. DJ Premier)", "", "Mira Vale feat. DJ Premier", "Harbour"),
    ("Mira Vale - Harbour (metal cover feat. Bo)", "", "Mira Vale feat. Bo", "Harbour (metal cover)"),
    ("Mira Vale - Harbour (Quark Remix feat. Bo)", "", "Mira Vale", "Harbour (Quark Remix feat. Bo)"),
    # quotes and brackets around the title
    ('Mira Vale "Harbour" M/V', "SomeLabel Records", "Mira Vale", "Harbour"),
    ("Mira Vale 'Harbour' Official MV (side A)", "", "Mira Vale", "Harbour"),
    ("Mira Vale 'Harbour' Remix", "", "Mira Vale", "Harbour (Remix)"),
    ("ミラ「港」 Official Music Video", "", "ミラ", "港"),
    ("ミラ『港』MV", "", "ミラ", "港"),
    ("米拉 Mira【港灣 Harbour】Official MV", "", "米拉 Mira", "港灣 Harbour"),
    ("ミラ - 港【オリジナル】", "", "ミラ", "港"),
    ("[MV] MIRA(미라) _ Harbour(항구)", "", "MIRA(미라)", "Harbour (항구)"),
    ('"Harbour" by Mira Vale', "uploads", "Mira Vale", "Harbour"),
    ('The "Best" Harbour', "Mira Vale", "Mira Vale", 'The "Best" Harbour'),
    ("『港』 ミラ", "uploads", "ミラ", "港"),
    ("米拉Mira [ 港灣 Harbour ] Official Music Video", "發行公司", "米拉Mira", "港灣 Harbour"),
    ("ミラ - 「港」Music Video", "ミラ", "ミラ", "港"),
    ("Official MV「港」/ ミラ", "ミラ", "ミラ", "港"),
    ("Mira Vale / 港 : MUSIC VIDEO", "Mira Vale", "Mira Vale", "港"),
    ('Mira Vale "Salt Harbour" 1967', "some fan", "Mira Vale", "Salt Harbour"),
    # pipes
    ("Mira Vale | Harbour | Official Video", "Mira Vale Official", "Mira Vale", "Harbour"),
    ("Mira Vale - Harbour | The Pier Benefit", "tv", "Mira Vale", "Harbour"),
    ("Harbour | Foo | Bar", "Mira Vale", "Mira Vale", "Harbour"),
    ("Tin Soundtrack | Harbour – Mira Vale | Wet Ink", "Wet Ink Music", "Mira Vale", "Harbour"),
    ("Мира - Гавань / Mira - Gavan", "Мира", "Мира", "Гавань"),
    ("Dil Harbour Full Video - Tin|Bo, Cy|Mira Vale", "Wet Ink Films", "Mira Vale", "Dil Harbour"),
    ("MIRA || Quark Sessions #4", "Quark", "Quark & MIRA", "Quark Sessions #4"),
    ("Mira Vale | Pier Room DJ Set", "Pier Room Radio", "Mira Vale", "Pier Room DJ Set"),
    ("Harbour | Mira Vale x Bo | Pier Room | Season 3", "Pier Room Radio", "Mira Vale x Bo", "Harbour"),
    ("Harbour | Wet Ink Records", "Wet Ink Records", "", "Harbour"),
    ('Mira Vale // "Harbour" (Official Video)', "Wet Ink", "Mira Vale", "Harbour"),
    ("Mira Vale @ Pier Festival 2019", "some fan", "Mira Vale", "Pier Festival 2019"),
    ("Salt Harbour - Tin Boats | Mira Vale | Bo", "Sony Music India", "Bo", "Salt Harbour"),
    ("Salt Harbour (Video Song) - Tin Boats | One, Two | Bo", "Wet Ink Films", "Bo", "Salt Harbour"),
    # more around the title
    ("ミラ / 港 -Music Video-", "mira", "ミラ", "港"),
    ("米拉 Mira《港灣 Harbour》Official MV", "米拉 Mira", "米拉 Mira", "港灣 Harbour"),
    ("ミラ『港』Official Video / Mira – Harbour", "ミラ", "ミラ", "港"),
    ('Mira Vale, "Harbour" - Violin Original Song', "Mira Vale", "Mira Vale", "Harbour"),
    ("Mira Vale - Harbour - Official - 1984", "Mira Vale", "Mira Vale", "Harbour"),
    ("Mira Vale - Harbour - (Live) - (Pier 2005)", "", "Mira Vale", "Harbour (Live) (Pier 2005)"),
    ("Mira Vale - Harbour (Testo) - Testo", "", "Mira Vale", "Harbour"),
    ("Mira Vale - Harbour [Full HD Remastered]", "", "Mira Vale", "Harbour"),
    ("夜の歌 / Night Song", "Mira Vale", "Mira Vale", "夜の歌 / Night Song"),
    # which side a note belongs to
    ('Harbour (from "Low Tide") - Mira Vale', "Wet Ink Films", "Mira Vale", 'Harbour (from "Low Tide")'),
    ("Harbour - Mira Vale (Live)", "Mira Vale", "Mira Vale", "Harbour (Live)"),
    ("Mira Vale (Live) - Harbour", "", "Mira Vale", "Harbour (Live)"),
    ("Mira Vale - Harbour - Live at the Pier (Good Quality)", "", "Mira Vale", "Harbour (Live at the Pier)"),
    # labels and sides of a record
    ("Mira Vale - Harbour [INKY]", "Wet Ink Records", "Mira Vale", "Harbour"),
    ("Mira Vale - Harbour [LIVE]", "Wet Ink Records", "Mira Vale", "Harbour [LIVE]"),
    ("A. Vale - Harbour", "", "Vale", "Harbour"),
    ("A. Vale - Harbour", "some fan", "A. Vale", "Harbour"),
    # covers, classical, sessions
    ("Foxes - Harbour (metal cover by Mira Vale)", "Mira", "Mira Vale", "Harbour (metal cover)"),
    ("Harbour (cover by Mira Vale) Studio", "", "Mira Vale", "Harbour"),
    ("Foxes - Harbour (cover by Mira Vale)", "", "Mira Vale", "Harbour (Foxes cover)"),
    ("Harbour - Foxes Cover", "Mira Vale", "Mira Vale", "Harbour (Foxes cover)"),
    ("Mira Vale - Harbour (a Foxes cover)", "", "Mira Vale", "Harbour (a Foxes cover)"),
    ("Foxes - Time (Low Tide) Piano Cover", "Mira Vale", "Foxes", "Time (Low Tide) Piano Cover"),
    ("Satie: Harbour (Suite No. 3), L. 75", "Pier Tunes", "Satie", "Harbour (Suite No. 3), L. 75"),
    ("Chopin: Nocturne No. 2 - Andante", "Piano Hall", "Chopin", "Nocturne No. 2 - Andante"),
    ("Mira Vale: Pier Room Concert", "Pier Room Radio", "Mira Vale", "Pier Room Concert"),
    ("Mira Vale Pier Room DJ Set", "Pier Room", "Mira Vale", "Pier Room DJ Set"),
]


@pytest.mark.parametrize(("title", "channel", "artist", "song"), READ)
def test_title_is_read_as_a_person_would(title: str, channel: str, artist: str, song: str) -> None:
    read = parse_title(title, channel)

    assert (read.artist, read.title) == (artist, song)


def test_topic_title_is_never_split_at_its_dash() -> None:
    read = parse_title("HARBOUR - HARDSTYLE REMIX", "Mira Vale - Topic")

    assert read == ParsedTitle(
        "Mira Vale", "HARBOUR - HARDSTYLE REMIX", True, "from the artist's Topic channel"
    )


def test_topic_of_nobody_in_particular_names_no_artist() -> None:
    read = parse_title("Harbour", "Various Artists - Topic")

    assert (read.artist, read.title, read.sure) == ("", "Harbour", False)


def test_label_channel_is_never_the_artist() -> None:
    assert parse_title("Harbour", "Wet Ink Records").artist == ""


def test_feature_stays_in_the_title_when_nobody_is_known() -> None:
    assert parse_title("Harbour ft. Bo", "Wet Ink Records").title == "Harbour (feat. Bo)"


def test_reading_is_sure_when_the_channel_agrees() -> None:
    read = parse_title("Mira Vale - Harbour", "MiraValeVEVO")

    assert read.sure
    assert read.reason == "from the title, and the channel agrees"


@pytest.mark.parametrize(
    ("title", "channel"),
    [
        ("Mira Vale - Harbour", "some fan"),
        ("Harbour", "Mira Vale"),
        ("Harbour - Foxes Cover", "Mira Vale"),
        ("Song | Film | One | Two | Three - Four", "Mira Vale"),
        ("Night Mix - Mira Vale", "Pier Room Radio"),
        ("Pier Room Episode 12 - Mira Vale", "Pier Room"),
        ("Mira Vale DJ Set | Pier Room", "Pier Room"),
        ("Mira Vale - Harbour (Foxes)(Mira Vale ft. Bo cover)", "Mira Vale"),
    ],
)
def test_guess_is_not_called_sure(title: str, channel: str) -> None:
    assert not parse_title(title, channel).sure


HOSTILE = [
    *("(", ")", "【", "([", '"', "'", "-", " - ", " ", "a ", "|", " | ", "「」", 'a "', " 'a", "_", ": "),
    *("feat. ", "ft ", "official ", "Official Video ", " by ", "live ", "cover by ", "1980 ", "#a ", "(a) "),
    *("\x00", "\u202e", "\ud800", "e\u0301", "\ufdfa", "❤", ".mp3", "x-", "prod. by ", "[official video]"),
]


@pytest.mark.parametrize("part", HOSTILE)
def test_hostile_title_takes_no_longer_than_its_length(part: str) -> None:
    """Ten times as long takes about ten times as long, on any machine; going back over it takes a hundred."""
    for shape in ("{}", "A - {} (Official Video)", 'A "{}" MV'):
        short, long = ((part * length)[:length] for length in (1_000, 10_000))
        baseline_ms = max(_fastest_ms(shape.format(short), short), 0.3)
        assert _fastest_ms(shape.format(long), long) < 40 * baseline_ms


def _fastest_ms(title: str, channel: str) -> float:
    """The best of three, because others use the same processor."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        parse_title(title, channel)
        taken.append((time.process_time() - started) * 1000)
    return min(taken)


def test_invisible_characters_are_cleaned_away() -> None:
    read = parse_title("Mi\u200bra\u202e Vale\x00 - Har\ud800bour\ufeff", "")

    assert (read.artist, read.title) == ("Mira Vale", "Harbour")
