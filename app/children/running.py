"""Which children run for which download right now, in this process, so that a cancel reaches them at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.children.parent import Cancelled, Child


class Running:
    """Thread-safe. A key is a download's id; several children may run under one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: dict[str, list[Child]] = {}
        self._busy: set[str] = set()
        self.stopping = False

    @contextmanager
    def following(self, key: str, child: Child) -> Iterator[Child]:
        with self._lock:
            if self.stopping:
                raise Cancelled
            self._children.setdefault(key, []).append(child)
        try:
            yield child
        finally:
            with self._lock:
                self._children[key].remove(child)
                if not self._children[key]:
                    del self._children[key]

    @contextmanager
    def busy(self, key: str) -> Iterator[bool]:
        """True for the one thread that works on `key`; False when another already does."""
        with self._lock:
            mine = key not in self._busy
            if mine:
                self._busy.add(key)
        try:
            yield mine
        finally:
            if mine:
                with self._lock:
                    self._busy.discard(key)

    def is_busy(self, key: str) -> bool:
        with self._lock:
            return key in self._busy

    def busy_keys(self) -> set[str]:
        with self._lock:
            return set(self._busy)

    def cancel(self, key: str) -> None:
        with self._lock:
            children = list(self._children.get(key, ()))
        for child in children:
            child.cancel()

    def stop(self) -> None:
        """End every child; from now on none starts."""
        with self._lock:
            self.stopping = True
            children = [child for several in self._children.values() for child in several]
        for child in children:
            child.cancel()
