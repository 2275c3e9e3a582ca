"""What a part found: figures with their aims, printed as a small table or as JSON."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

PLACES = {"s": 3, "×": 2, "ms": 1, "MB": 1, "kB": 1, "MB/s": 0, "": 0}


@dataclass(frozen=True)
class Run:
    """One timed run: seconds on the clock, and CPU seconds of every process that took part."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    unit: str
    cpu: float | None = None
    """In CPU seconds, or for a ratio of those: what counts on a busy machine."""
    most: float | None = None
    """The aim."""

    @property
    def met(self) -> bool | None:
        return None if self.most is None else round(self.value, PLACES[self.unit]) <= self.most


@dataclass
class Table:
    part: str
    about: str
    figures: list[Figure] = field(default_factory=list)

    def add(
        self, name: str, value: float, unit: str, *, cpu: float | None = None, most: float | None = None
    ) -> None:
        self.figures.append(Figure(name, value, unit, cpu, most))

    def add_runs(self, name: str, runs: Iterable[Run]) -> Run:
        """The median run of several, wall and CPU each for itself."""
        several = list(runs)
        middle = Run(median(run.wall_s for run in several), median(run.cpu_s for run in several))
        self.add(name, middle.wall_s, "s", cpu=middle.cpu_s)
        return middle

    def add_ratio(self, name: str, run: Run, baseline: Run, *, most: float | None = None) -> None:
        cpu = run.cpu_s / baseline.cpu_s if baseline.cpu_s else None
        self.add(f"  × {name}", run.wall_s / baseline.wall_s, "×", cpu=cpu, most=most)

    def lines(self) -> list[str]:
        head = f"{self.part}: {self.about}"
        return [f"{head:<58}{'':>11}{'CPU':>9}{'aim':>11}", *map(_line, self.figures), ""]

    def as_json(self) -> dict[str, Any]:
        figures = [{**asdict(one), "met": one.met} for one in self.figures]
        return {"part": self.part, "about": self.about, "figures": figures}


def summary(tables: Iterable[Table]) -> list[str]:
    """Every figure that has an aim, once more."""
    lines = [f"{'aims':<58}{'':>11}{'CPU':>9}{'aim':>11}"]
    for table in tables:
        before = ""
        for figure in table.figures:
            # A ratio's name says what it is divided by; what is divided stands above it.
            ratio = figure.name.startswith("  ")
            before = before if ratio else figure.name
            if figure.most is not None:
                name = f"{table.part}: {before}{figure.name[1:] if ratio else ''}"
                lines.append(_line(figure, name))
    return lines


def _line(figure: Figure, name: str = "") -> str:
    value = f"{figure.value:,.{PLACES[figure.unit]}f} {figure.unit}".rstrip()
    cpu = "" if figure.cpu is None else f"{figure.cpu:.2f}"
    aim = "" if figure.most is None else f"≤ {figure.most:g}"
    met = {None: "", True: "met", False: "MISSED"}[figure.met]
    return f"{name or figure.name:<58}{value:>11}{cpu:>9}{aim:>11}  {met}".rstrip()
