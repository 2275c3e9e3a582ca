"""Whatever strangers type or send: keys and ranking give an answer and never an error."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.lookups.candidates import Question, applied, automatic, changes, rank, taken_back
from app.lookups.musicbrainz import query_for
from app.lookups.recording import Recording
from app.tags.keys import album_key, artist_key, title_key

ODD = st.text(alphabet=st.sampled_from("ab1 .,-–()[]【】/&'’\"\0\u200bfeatLivePt№éがв!?;~"), max_size=40)
NAMES = st.one_of(ODD, st.text(max_size=60))
LENGTHS = st.one_of(st.none(), st.integers(1, 10**9))


@given(NAMES)
def test_a_key_is_its_own_key(text: str) -> None:
    for key_of in (title_key, artist_key, album_key):
        assert key_of(text) == key_of(text.strip()) == key_of(f"  {text}  ")


@given(NAMES, NAMES, LENGTHS, NAMES, NAMES, LENGTHS, NAMES)
@settings(max_examples=200)
def test_ranking_never_fails_and_applying_can_always_be_taken_back(
    title: str, artist: str, ms: int | None, other: str, by: str, length: int | None, comment: str
) -> None:
    asked = Question(title=title, artist=artist, duration_ms=ms)
    query_for(artist=artist, title=title, duration_ms=ms)
    one = Recording(id="1", title=other, artist=by, length_ms=length, comment=comment)
    two = Recording(id="2", title=title, artist=artist, length_ms=ms)
    found = rank(asked, [one, two], {"1": 0.9})
    assert all(0 <= candidate.confidence < 1 for candidate in found)
    best = automatic(found)
    assert best is None or (best.title_key, best.artist_key) == (title_key(title), artist_key(artist))
    for candidate in found:
        values = {"title": title, "artist": artist}
        done = changes(candidate, values)
        back = taken_back(applied(candidate, values), done)
        assert {name: text for name, text in back.items() if text} == {
            name: text for name, text in values.items() if text
        }
