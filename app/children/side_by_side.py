"""Work of several children at once, told in order: the next one reads while the first is listened to."""

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from app.children.parent import Cancelled

T = TypeVar("T")

Check = Callable[[], None]
Work = Callable[[Check], Iterator[T]]
"""What one child tells. It calls what it gets about twice a second, and ends with the Cancelled of it."""

AHEAD = 500
"""What one may have told before anybody listens; then it waits."""
LOOK_S = 0.2


def side_by_side(works: Iterable[Work[T]], at_once: int) -> Generator[T, None, None]:
    """What these tell, one after another, while up to `at_once` of them work.

    Whoever stops listening ends them all. What one of them raises comes in its turn.
    """
    waiting, under_way = iter(works), list[_Worker[T]]()
    try:
        while True:
            while len(under_way) < at_once and (work := next(waiting, None)):
                under_way.append(_Worker(work))
            if not under_way:
                return
            yield from under_way[0].told()
            under_way.pop(0)
    finally:
        for worker in under_way:
            worker.stop()


class _Worker(Generic[T]):
    def __init__(self, work: Work[T]) -> None:
        self._work = work
        self._said: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(AHEAD)
        self._stopped = threading.Event()
        # A daemon: it must not keep the program from ending, and its child ends with the program.
        self._thread = threading.Thread(target=self._run, name="side-by-side", daemon=True)
        self._thread.start()

    def told(self) -> Iterator[T]:
        while isinstance(item := self._said.get(), tuple):
            yield item[0]
        if item is not None:
            raise item

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        with suppress(Cancelled):
            end: BaseException | None = None
            try:
                for item in self._work(self._check):
                    self._say((item,))
            except Cancelled:
                raise
            except BaseException as error:
                end = error
            self._say(end)

    def _check(self) -> None:
        if self._stopped.is_set():
            raise Cancelled

    def _say(self, item: tuple[T] | BaseException | None) -> None:
        while True:
            self._check()
            with suppress(queue.Full):
                self._said.put(item, timeout=LOOK_S)
                return
