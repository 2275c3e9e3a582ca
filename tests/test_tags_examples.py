"""The title parser on several hundred titles at once: how often it is right, and right when it says so."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

import pytest

from app.tags.credits import artist_keys
from app.tags.model import SURE
from app.tags.propose import propose
from tests.title_examples import Example, examples

RIGHT, SURE_OFTEN, RIGHT_WHEN_SURE = 0.94, 0.65, 0.99
FOLDS = 5


class Score(NamedTuple):
    """Shares from 0 to 1."""

    right: float
    sure: float
    right_when_sure: float


def score(several: Iterable[Example], known: Collection[str] = frozenset()) -> Score:
    answers = [_answer(example, known) for example in several]
    sure = [right for right, is_sure in answers if is_sure]
    right = sum(right for right, _ in answers) / len(answers)
    return Score(right, len(sure) / len(answers), sum(sure) / max(len(sure), 1))


def _answer(example: Example, known: Collection[str]) -> tuple[bool, bool]:
    proposal = propose(example.info, known_artists=known)
    confidence = min(one.confidence for one in (proposal.fields[name] for name in _guessed(proposal.fields)))
    sure = confidence >= SURE and "artist" in proposal.fields
    return example.is_right(proposal.value("artist"), proposal.value("title")), sure


def _guessed(fields: Collection[str]) -> list[str]:
    return [name for name in ("artist", "title") if name in fields]


def artists() -> list[str]:
    """The artists of the example set, as they would stand in a library."""
    return sorted({pair.partition("\t")[0] for example in examples() for pair in _artists_of(example)})


def _artists_of(example: Example) -> list[str]:
    return [artist for artist, _ in example.right]


def test_titles_are_read_as_a_careful_person_would_type_them() -> None:
    assert score(examples()).right >= RIGHT


def test_parser_is_right_when_it_says_that_it_is_sure() -> None:
    found = score(examples())

    assert found.sure >= SURE_OFTEN
    assert found.right_when_sure >= RIGHT_WHEN_SURE


@pytest.mark.parametrize("fold", range(FOLDS))
def test_no_part_of_the_examples_is_read_much_worse_than_the_rest(fold: int) -> None:
    found = score(examples()[fold::FOLDS])

    assert found.right >= RIGHT - 0.05
    assert found.right_when_sure >= RIGHT_WHEN_SURE - 0.04


def test_library_of_these_artists_makes_the_parser_sure_more_often_and_no_less_right() -> None:
    without, with_library = score(examples()), score(examples(), artist_keys(artists()))

    assert with_library.right >= without.right
    assert with_library.sure > without.sure + 0.1
    assert with_library.right_when_sure >= RIGHT_WHEN_SURE


def test_library_of_other_artists_does_no_harm() -> None:
    every = examples()
    known = [artist_keys(_artists_of(example)) for example in every]
    alone = [score([example]) for example in every]
    among = [
        score([example], artist_keys(artists()) - own) for example, own in zip(every, known, strict=True)
    ]

    assert sum(one.right for one in among) >= sum(one.right for one in alone) - 0.01 * len(every)
