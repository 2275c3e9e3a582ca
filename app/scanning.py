"""How far the reading of the library folder has come: in the memory of the process that does it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

FEW = 50
"""Fewer files than these are read before anybody could look."""


@dataclass(frozen=True)
class Reading:
    done: int = 0
    total: int | None = None
    """None: the folder is still being looked through."""


class ScanBoard:
    """Written by the one thread that scans, read by any."""

    def __init__(self) -> None:
        self.reading: Reading | None = None
        """None: nothing worth telling goes on."""

    @contextmanager
    def told(self, *, from_nothing: bool = False) -> Iterator[None]:
        """While a scan runs; `from_nothing` when the files are not counted yet and that may take long."""
        self.reading = Reading() if from_nothing else None
        try:
            yield
        finally:
            self.reading = None

    def at(self, done: int, total: int) -> None:
        self.reading = Reading(done, total) if total >= FEW else None
