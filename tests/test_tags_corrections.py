"""What a correction teaches, and what it does not: small examples with invented artists."""

from typing import Any

import pytest

from app.tags.corrections import Confirmed, learn
from app.tags.model import EDITABLE
from app.tags.propose import propose
from app.tags.rules import Rule, apply


def confirmed(upload: str, channel: str, cover: str = "", **typed: Any) -> Confirmed:
    """An upload that was proposed and then corrected: what is not `typed` was accepted as proposed."""
    told = {"extractor": "youtube", "title": upload, "channel": channel}
    proposal = propose(told)
    tags = proposal.tags()
    if tags.album_artist == tags.artist and "artist" in typed:
        # As the review form does it.
        typed = {"album_artist": typed["artist"], **typed}
    values = {name: getattr(tags, name) for name in EDITABLE} | typed
    return Confirmed(info=told, proposal=proposal, tags=type(tags)(**values), cover=cover)


def offers(seen: Confirmed, **more: Any) -> list[tuple[str, str]]:
    return [(rule.kind, rule.value) for rule in learn(seen, **more)]


@pytest.mark.parametrize(
    ("title", "channel", "typed", "offered"),
    [
        # The channel is the artist's, but called otherwise.
        ("Harbour", "saltpan99", {"artist": "Jane Roe"}, [("artist_is", "Jane Roe")]),
        ("Harbour", "jane roe music 2", {"artist": "Jane Roe"}, [("artist_is", "Jane Roe")]),
        ("Harbour", "JANE ROE", {"artist": "Jane Roe"}, [("artist_is", "Jane Roe")]),
        (
            "Harbour (feat. Bo Lund)",
            "saltpan99",
            {"artist": "Jane Roe feat. Bo Lund", "album_artist": "Jane Roe"},
            [("artist_is", "Jane Roe")],
        ),
        (
            "Low Tide - Part Two",
            "saltpan99",
            {"artist": "Jane Roe", "title": "Low Tide - Part Two"},
            [("artist_is", "Jane Roe")],
        ),
        # Sides of a dash.
        (
            "Tide - Mira Vale",
            "Wet Ink Records",
            {"artist": "Mira Vale", "title": "Tide"},
            [("artist_right", "")],
        ),
        (
            "Bo Lund - Jane Roe",
            "Jane Roe",
            {"artist": "Bo Lund", "title": "Jane Roe"},
            [("artist_left", "")],
        ),
        # What the channel always writes.
        (
            "Sunday Tape: Mira Vale - Tide",
            "Sunday Tape",
            {"artist": "Mira Vale", "title": "Tide"},
            [("strip", "Sunday Tape:")],
        ),
        # The genre of an artist's own channel.
        ("Tide", "Mira Vale", {"genre": "Folk"}, [("genre_is", "Folk")]),
    ],
)
def test_a_pattern_is_offered_at_once(
    title: str, channel: str, typed: dict[str, str], offered: list[tuple[str, str]]
) -> None:
    seen = confirmed(title, channel, **typed)
    assert offers(seen) == offered
    found = apply(seen.proposal, seen.info, learn(seen))
    assert all(found.value(name) == value for name, value in typed.items())


@pytest.mark.parametrize(
    ("title", "channel", "typed"),
    [
        ("Mira Vale - Tide", "Wet Ink Records", {}),
        ("Tide", "", {"artist": "Mira Vale"}),
        # This track's guest only.
        ("Tide with Bo Lund", "Mira Vale", {"artist": "Bo Lund", "title": "Tide"}),
        ("Tide (Bo Lund Remix)", "saltpan99", {"artist": "Bo Lund"}),
        # A label has many artists.
        ("Tide", "Wet Ink Records", {"artist": "Mira Vale"}),
        # Several who may have met for this track.
        ("Tide", "saltpan99", {"artist": "Jane Roe & Bo Lund"}),
        ("Tide", "saltpan99", {"artist": "Various Artists"}),
        ("Tide", "saltpan99", {"artist": ""}),
        # About this track.
        ("Tide", "Mira Vale", {"album": "Sea Songs"}),
        ("Tide", "Mira Vale", {"date": "2019"}),
        ("Tide", "Mira Vale", {"track_no": 3}),
        ("Tide", "Mira Vale", {"title": "Tides"}),
        ("Tide (Second Take)", "Mira Vale", {"title": "Tide"}),
        ("Tide", "Wet Ink Records", {"genre": "Folk"}),
        ("Tide", "Mira Vale", {"album_artist": "Bo Lund"}),
    ],
)
def test_a_one_off_is_not(title: str, channel: str, typed: dict[str, Any]) -> None:
    assert offers(confirmed(title, channel, **typed)) == []


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ({"album": "Sea Songs"}, ("album_is", "Sea Songs")),
        ({"genre": "Folk"}, ("genre_is", "Folk")),
        ({"album_artist": "Wet Ink"}, ("album_artist_is", "Wet Ink")),
        ({"artist": "Mira Vale"}, ("artist_is", "Mira Vale")),
    ],
)
def test_the_second_time_the_same_is_a_pattern(typed: dict[str, str], offered: tuple[str, str]) -> None:
    first, second = (confirmed(title, "Wet Ink Records", **typed) for title in ("Tide", "Harbour"))
    assert offered not in offers(second)
    assert offered in offers(second, earlier=[first])


def test_a_tail_that_comes_again_is_a_pattern() -> None:
    first, second = (
        confirmed(f"Mira Vale - {name} (Late Tapes)", "Mira Vale", title=name) for name in ("Tide", "Harbour")
    )
    assert offers(second) == []
    assert offers(second, earlier=[first]) == [("strip", "(Late Tapes)")]


def test_what_earlier_tracks_speak_against_is_not_offered() -> None:
    other = confirmed("Low", "saltpan99", artist="Bo Lund")
    assert offers(confirmed("Harbour", "saltpan99", artist="Jane Roe"), earlier=[other]) == []
    left = confirmed("Bo Lund - Tide", "Wet Ink Records")
    turned = confirmed("Harbour - Mira Vale", "Wet Ink Records", artist="Mira Vale", title="Harbour")
    assert offers(turned) == [("artist_right", "")]
    assert offers(turned, earlier=[left]) == []


def test_what_exists_or_is_not_wanted_is_not_offered() -> None:
    seen = confirmed("Harbour", "saltpan99", artist="Jane Roe")
    assert offers(seen, known={"artist_is"}) == []
    first = confirmed("Low", "saltpan99", artist="Jane Roe")
    assert offers(seen, known={"artist_is"}, earlier=[first]) == []
    # A channel's artist and title are told in one way.
    assert offers(seen, known={"artist_left"}) == []
    assert offers(seen, known={"strip", "genre_is"}) == [("artist_is", "Jane Roe")]


def test_at_most_two_are_offered() -> None:
    typed = {"artist": "Jane Roe", "genre": "Folk", "album": "Sea Songs"}
    first, second = (confirmed(title, "saltpan99", **typed) for title in ("Tide", "Harbour"))
    assert len(offers(second, earlier=[first])) == 2
    assert offers(second, earlier=[first])[0] == ("artist_is", "Jane Roe")


def test_a_rule_that_fired_teaches_nothing_more() -> None:
    seen = confirmed("Harbour", "saltpan99", artist="Jane Roe")
    right = apply(seen.proposal, seen.info, [Rule(kind="artist_is", value="Jane Roe", id="r1")])
    again = Confirmed(info=seen.info, proposal=right, tags=right.tags())
    assert offers(again) == []


def test_the_same_cover_twice_is_a_pattern() -> None:
    first, second = (confirmed(f"Mira Vale - {n}", "Mira Vale", cover="none") for n in ("Tide", "Low"))
    plain = confirmed("Mira Vale - High", "Mira Vale")
    assert offers(second) == []
    assert offers(second, earlier=[first]) == [("crop", "none")]
    assert offers(second, earlier=[first, plain]) == []
    assert offers(second, earlier=[first], known={"crop"}) == []


def test_nearly_the_same_square_twice_is_a_pattern() -> None:
    first, second, other = (
        confirmed(f"Mira Vale - {title}", "Mira Vale", cover=cover)
        for title, cover in (("Tide", "0 0 800"), ("Low", "20 0 790"), ("High", "200 0 800"))
    )
    assert offers(second, earlier=[first]) == [("crop", "20 0 790")]
    assert offers(second, earlier=[other]) == []
    assert offers(second, earlier=[first, other]) == []


@pytest.mark.parametrize("title", ["", "-", "((", "\ud800", "a - " * 500, "| " * 500])
@pytest.mark.parametrize("typed", ["", "-", "Jane Roe", "a" * 300])
def test_odd_titles_and_words_teach_without_trouble(title: str, typed: str) -> None:
    seen = confirmed(title, "saltpan99", title=typed, artist=typed)
    assert len(offers(seen, earlier=[seen])) <= 2
