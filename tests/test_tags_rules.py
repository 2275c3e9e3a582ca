"""What a rule makes of a proposal: small examples with invented artists."""

from typing import Any

import pytest

from app.tags.model import SURE, Proposal
from app.tags.propose import propose
from app.tags.rules import KINDS, YOUR_RULE, Example, Rule, adds_by_itself, apply, cover_rule, cut


def upload(title: str, channel: str = "", **more: Any) -> dict[str, Any]:
    return {"extractor": "youtube", "title": title, "channel": channel, **more}


def taught(info: dict[str, Any], kind: str, value: str = "") -> Proposal:
    return apply(propose(info), info, [Rule(kind=kind, value=value, id="r1")])


@pytest.mark.parametrize(
    ("kind", "example"),
    [(kind.name, example) for kind in KINDS.values() for example in kind.examples],
    ids=lambda one: one.upload if isinstance(one, Example) else one,
)
def test_each_kind_does_what_its_examples_say(kind: str, example: Example) -> None:
    found = taught(upload(example.upload, example.channel), kind, example.value)
    assert {name: found.value(name) for name in example.tags} == example.tags
    before = propose(upload(example.upload, example.channel))
    for name in example.tags:
        if found.value(name) != before.value(name):
            assert found.fields[name].reason == YOUR_RULE
            assert found.fields[name].rule == "r1"
            assert found.fields[name].confidence == 0.99


@pytest.mark.parametrize(
    ("title", "artist", "left"),
    [
        ("Harbour", "Jane Roe", "Harbour"),
        ("JANE ROE — Harbour", "Jane Roe", "Harbour"),
        ("Harbour - Jane Roe", "Jane Roe", "Harbour"),
        ("Jane Roe: Harbour", "Jane Roe", "Harbour"),
        ('Jane Roe "Harbour" (Live)', "Jane Roe", "Harbour (Live)"),
        ("Jane Roe ft. Bo Lund - Harbour", "Jane Roe feat. Bo Lund", "Harbour"),
        ("Jane Roe & Bo Lund - Harbour", "Jane Roe & Bo Lund", "Harbour"),
        ("Harbour | Official Video", "Jane Roe", "Harbour"),
        ("Harbour (Remix)", "Jane Roe", "Harbour (Remix)"),
    ],
)
def test_an_artist_of_a_channel_leaves_the_rest_as_the_title(title: str, artist: str, left: str) -> None:
    found = taught(upload(title, "saltpan99"), "artist_is", "Jane Roe")
    assert (found.value("artist"), found.value("title")) == (artist, left)
    assert found.fields["title"].confidence >= SURE


def test_somebody_else_in_the_title_stays_there_and_is_worth_a_look() -> None:
    found = taught(upload("Low Tide - Part Two (Official Video)", "saltpan99"), "artist_is", "Jane Roe")
    assert (found.value("artist"), found.value("title")) == ("Jane Roe", "Low Tide - Part Two")
    assert found.fields["artist"].confidence >= SURE > found.fields["title"].confidence


def test_a_longer_name_is_not_the_artist_of_the_rule() -> None:
    found = taught(upload("Miranda - Harbour", "saltpan99"), "artist_is", "Mira")
    assert (found.value("artist"), found.value("title")) == ("Mira", "Miranda - Harbour")


def test_a_title_from_a_field_is_kept() -> None:
    info = upload("whatever", "Wet Ink", extractor="Bandcamp", track="Harbour - Reprise", artists=["Wet Ink"])
    found = taught(info, "artist_is", "Mira Vale")
    assert (found.value("artist"), found.value("title")) == ("Mira Vale", "Harbour - Reprise")
    assert found.fields["title"].reason == "from Bandcamp"


def test_the_album_artist_follows_the_artist_that_it_was_taken_from() -> None:
    found = taught(upload("Harbour (feat. Bo Lund)", "saltpan99"), "artist_is", "Jane Roe")
    assert found.value("album_artist") == "Jane Roe"
    listed = upload("Harbour", "saltpan99", album_artists=["Wet Ink"])
    assert taught(listed, "artist_is", "Jane Roe").value("album_artist") == "Wet Ink"


@pytest.mark.parametrize(
    ("kind", "title", "artist", "rest"),
    [
        ("artist_left", "Bo Lund - Harbour - Live in Rome", "Bo Lund", "Harbour (Live in Rome)"),
        ("artist_left", "Bo Lund - Harbour | Wet Ink", "Bo Lund", "Harbour"),
        ("artist_left", "Bo Lund & Mira Vale - Harbour", "Bo Lund & Mira Vale", "Harbour"),
        ("artist_left", "Bo Lund ft. Mira Vale - Harbour", "Bo Lund feat. Mira Vale", "Harbour"),
        ("artist_right", "Harbour - Bo Lund | Wet Ink", "Bo Lund", "Harbour"),
        ("artist_right", "Harbour - Part Two - Bo Lund", "Bo Lund", "Harbour - Part Two"),
        ("artist_right", "Harbour (Remix) - Bo Lund", "Bo Lund", "Harbour (Remix)"),
    ],
)
def test_the_sides_of_a_dash(kind: str, title: str, artist: str, rest: str) -> None:
    found = taught(upload(title, "Wet Ink Records"), kind)
    assert (found.value("artist"), found.value("title")) == (artist, rest)


@pytest.mark.parametrize("kind", ["artist_left", "artist_right"])
def test_without_a_dash_there_are_no_sides(kind: str) -> None:
    info = upload("Harbour", "Wet Ink Records")
    assert taught(info, kind) == propose(info)


@pytest.mark.parametrize(
    ("text", "affix", "left"),
    [
        ("Tide | Wet Ink", "| Wet Ink", "Tide"),
        ("Tide | WET INK", "| wet  ink", "Tide"),
        ("Wet Ink: Tide", "Wet Ink:", "Tide"),
        ("Tide (Wet Ink Premiere)", "(Wet Ink Premiere)", "Tide"),
        ("Tide", "Tide", "Tide"),
        ("Riptide", "tide", "Riptide"),
        ("Tidewater", "Tide", "Tidewater"),
        ("Tide | Other", "| Wet Ink", "Tide | Other"),
        ("Tide", "", "Tide"),
        ("", "Tide", ""),
    ],
)
def test_only_whole_words_at_an_end_are_cut(text: str, affix: str, left: str) -> None:
    assert cut(text, affix) == left


def test_a_cut_and_a_side_work_together() -> None:
    info = upload("Sunday Tape: Tide - Mira Vale", "tapes of ours")
    rules = [Rule(kind="strip", value="Sunday Tape:", id="a"), Rule(kind="artist_right", id="b")]
    found = apply(propose(info), info, rules)
    assert (found.value("artist"), found.value("title")) == ("Mira Vale", "Tide")
    assert found.fields["artist"].rule == "b"


def test_the_first_rule_of_a_kind_counts() -> None:
    info = upload("Tide", "Mira Vale")
    rules = [Rule(kind="genre_is", value="Folk", id="near"), Rule(kind="genre_is", value="Pop", id="far")]
    assert apply(propose(info), info, rules).fields["genre"].rule == "near"


def test_no_rule_changes_nothing() -> None:
    info = upload("Mira Vale - Tide", "Wet Ink")
    assert apply(propose(info), info, []) == propose(info)
    unknown = Rule(kind="from_the_future", value="x")
    assert apply(propose(info), info, [unknown]) == propose(info)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "title", ["", " ", "-", "- -", "A -", "| |", "()", "\x00\ud800", "a" * 5_000, "- " * 2_000]
)
def test_odd_titles_are_survived_by_every_rule(kind: str, title: str) -> None:
    found = taught(upload(title, "Wet Ink"), kind, "Wet Ink")
    assert all(len(one.value) <= 300 for one in found.fields.values())


def test_covers_and_adding_are_asked_for_by_themselves() -> None:
    assert cover_rule([]) is None
    rule = Rule(kind="crop", value="none")
    assert cover_rule([Rule(kind="genre_is", value="Folk"), rule]) == rule
    assert not adds_by_itself([])
    near, far = Rule(kind="add_when_ready", value="off"), Rule(kind="add_when_ready", value="on")
    assert not adds_by_itself([near, far])
    assert adds_by_itself([far, near])


def test_each_kind_says_what_it_does() -> None:
    for kind in KINDS.values():
        for value in kind.choices or ("Jane Roe",):
            assert "{" not in kind.sentence(value)
        assert kind.means.endswith(".")
    assert KINDS["artist_is"].sentence("Jane {value} Roe") == "artist is Jane {value} Roe"
    assert KINDS["crop"].sentence("none") == "the cover is left out"
    assert KINDS["crop"].sentence("0 0 900") == "the cover is the same square of the picture"
