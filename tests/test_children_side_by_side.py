"""Work of several children is told in order, and ends when nobody listens."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from app.children.parent import Cancelled
from app.children.side_by_side import AHEAD, side_by_side

Check = Callable[[], None]


def _count(first: int, number: int, check: Check) -> Iterator[int]:
    for one in range(first, first + number):
        check()
        yield one


def test_what_they_tell_comes_one_after_another() -> None:
    works = [partial(_count, 100 * place, 5) for place in range(4)]
    told = list(side_by_side(works, 2))
    assert told == [100 * place + one for place in range(4) for one in range(5)]


def test_two_work_at_once_and_no_third_one() -> None:
    begun: list[int] = []
    both = threading.Barrier(2, timeout=10)

    def work(place: int, check: Check) -> Iterator[int]:
        begun.append(place)
        if place < 2:
            both.wait()
        yield place

    told = side_by_side([partial(work, place) for place in range(3)], 2)
    assert next(told) == 0
    assert sorted(begun) == [0, 1]
    assert list(told) == [1, 2]


def test_trouble_comes_in_its_turn_and_ends_the_others() -> None:
    ended = threading.Event()

    def fail(check: Check) -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    def endless(check: Check) -> Iterator[int]:
        try:
            while True:
                check()
                yield 2
        finally:
            ended.set()

    told = side_by_side([fail, endless], 2)
    assert next(told) == 1
    with pytest.raises(ValueError, match="broken"):
        next(told)
    assert ended.is_set()


def test_one_that_is_far_ahead_waits_and_still_ends_when_nobody_listens() -> None:
    made: list[int] = []

    def endless(check: Check) -> Iterator[int]:
        while True:
            made.append(1)
            yield len(made)

    told = side_by_side([endless], 1)
    next(told)
    time.sleep(0.3)
    assert len(made) <= AHEAD + 3
    told.close()
    so_far = len(made)
    time.sleep(0.1)
    assert len(made) == so_far


def test_one_that_notices_that_nobody_listens_says_nothing_more() -> None:
    noticed = threading.Event()

    def wait(check: Check) -> Iterator[int]:
        yield 1
        try:
            while True:
                check()
                time.sleep(0.01)
        except Cancelled:
            noticed.set()
            raise

    told = side_by_side([wait], 1)
    next(told)
    told.close()
    assert noticed.is_set()
