"""Whatever a track's tags say: its name stays in the library, fits every disk, and is nobody else's.

`INLAY_TEST_EXAMPLES=1000000` tries that many names instead of a few thousand, other ones each time: 4 hours
of Hypothesis, which makes small what is wrong, and 20 minutes of the plain dice in the last test.
"""

import os
import random
import shutil
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.library.folder import MARKER, prepare_folder
from app.tags.model import Tags
from app.tags.naming import library_path, path_key, with_number
from tests.naming_world import FRAGMENTS, anything, assert_portable, bring, endings, tags, templates, texts

ASKED = int(os.environ.get("INLAY_TEST_EXAMPLES", "0"))


def tried(examples: int) -> settings:
    """This many examples; with INLAY_TEST_EXAMPLES more, in proportion."""
    more = max(examples, ASKED * examples // 1_250)
    return settings(max_examples=more, deadline=None, derandomize=not ASKED, database=None)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("root").resolve()


@pytest.fixture(scope="module")
def library(root: Path) -> Path:
    (root / "data").mkdir()
    prepare_folder(root / "library", root / "data")
    return root / "library"


@tried(1_000)
@given(tags=tags, ending=endings, template=templates)
def test_a_name_stays_inside_fits_everywhere_and_is_always_the_same(
    root: Path, tags: Tags, ending: str, template: str
) -> None:
    path = library_path(tags, ending, template)
    assert_portable(path, root)
    assert path == library_path(tags, ending, template)
    for number in (2, 499):
        assert_portable(with_number(path, number), root)
    assert len({path_key(with_number(path, number)) for number in range(1, 12)}) == 11


@tried(250)
@given(title=texts, artist=texts, album=texts)
def test_a_name_made_of_a_name_is_that_name(title: str, artist: str, album: str) -> None:
    path = library_path(Tags(title=title, artist=artist, album=album), "opus")
    again = Tags(title=path.stem, artist=path.parts[0], album=path.parts[1] if len(path.parts) == 3 else "")
    assert library_path(again, "opus") == path


def twins(name: str) -> st.SearchStrategy[str]:
    """Names that some disk takes for this one, and some that none does."""
    ways = (name.upper(), name.lower(), name.swapcase(), name.casefold(), f"{name} (2)", f"{name}.")
    forms = [unicodedata.normalize(form, name) for form in ("NFC", "NFD", "NFKC")]
    return st.one_of(st.sampled_from([name, *ways, *forms]), anything)


@tried(40)
@given(data=st.data())
def test_two_tracks_never_get_one_file(root: Path, library: Path, data: st.DataObject) -> None:
    title, artist = data.draw(texts), data.draw(texts)
    pairs = [(title, artist), *((data.draw(twins(title)), data.draw(twins(artist))) for _ in range(2))]
    placed = {}
    for number, (title, artist) in enumerate(pairs):
        file = root / "staged"
        file.write_text(f"track {number}")
        brought = bring(file, library, library_path(Tags(title=title, artist=artist), "mp3"), str(number))
        placed[str(brought.relative)] = f"track {number}"
    there = {
        str(file.relative_to(library)): file.read_text()
        for file in library.rglob("*")
        if file.is_file() and file.name != MARKER
    }
    assert there == placed
    assert len({path_key(path) for path in placed}) == len(pairs)
    for folder in library.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)


def test_names_of_odd_pieces_in_any_order_stay_inside_and_are_always_the_same(root: Path) -> None:
    seed = random.randrange(2**32) if ASKED else 5
    dice = random.Random(seed)
    forms = (
        "",
        "{artist} - {title}",
        "{album_artist}/{album}/{disc_no:02}-{track_no:02} {title}",
        "{genre}/{title}",
    )
    for _ in range(ASKED or 2_000):
        named = Tags(**{name: _odd(dice) for name in ("title", "artist", "album", "album_artist", "genre")})
        form = dice.choice(forms)
        path = library_path(named, "mp3", form)
        try:
            assert_portable(path, root)
            second = with_number(path, 2)
            assert_portable(second, root)
            assert path_key(second) != path_key(path)
            assert path == library_path(named, "mp3", form)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {named!r} became {str(path)!r}") from error


def _odd(dice: random.Random) -> str:
    """Nothing to five pieces, each a fragment that broke some program or a few characters of any kind."""
    pieces = [
        dice.choice(FRAGMENTS)
        if dice.random() < 0.7
        else "".join(chr(dice.randrange(0x110000)) for _ in range(dice.randrange(1, 8)))
        for _ in range(dice.randrange(6))
    ]
    return "".join(pieces)
