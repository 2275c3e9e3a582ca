"""A disk that does not answer holds nobody up: what may hang is asked in a thread that can be left behind."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from app.errors import Failure, FailureKind

ANSWER_S = 15.0
"""A disk that was asleep needs some seconds."""

Answer = TypeVar("Answer")

_silent: dict[Path, threading.Thread] = {}


class _Question(threading.Thread, Generic[Answer]):
    def __init__(self, question: Callable[[], Answer]) -> None:
        super().__init__(name="library-question", daemon=True)
        self.question = question
        self.answer: Answer | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.answer = self.question()
        except BaseException as error:
            self.error = error


def answered(library: Path, question: Callable[[], Answer]) -> Answer | None:
    """The answer to a question that only looks. Raises Failure when the library's disk does not answer.

    Until it has answered it is not asked again, so that one thread is left behind at most.
    """
    before = _silent.get(library)
    if before and before.is_alive():
        raise _no_answer()
    asked = _Question(question)
    asked.start()
    asked.join(ANSWER_S)
    if asked.is_alive():
        _silent[library] = asked
        raise _no_answer()
    _silent.pop(library, None)
    if asked.error:
        raise asked.error
    return asked.answer


def _no_answer() -> Failure:
    return Failure(
        FailureKind.TEMPORARY,
        "The library's disk does not answer. If it stays, check its cable, its server or its network.",
    )
