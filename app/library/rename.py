"""Renaming the library: which file gets which path, thought through before anything is touched.

Names are the same where a case-insensitive disk takes them for the same, so what is planned here holds on
exFAT and SMB as well. A folder that is there already keeps its spelling, and of two that differ in case only,
all go to the one with more tracks in it.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from app.errors import Failure
from app.library.paths import from_text
from app.library.place import name_is_taken
from app.library.rename_queries import Named
from app.library.template import path_of, tags_of
from app.tags import naming
from app.tags.naming import path_key, with_number

_NUMBERED = re.compile(r" \(([2-9]|[1-9][0-9]{1,2})\)$")
MOST_NUMBERS = 1_000


@dataclass(frozen=True)
class Step:
    """One move. Paths as the database keeps them."""

    source: str
    target: str
    track_id: str | None
    """None: the picture beside an album."""
    size_bytes: int = 0
    mtime_ns: int = 0


@dataclass(frozen=True)
class Plan:
    tracks: int
    """In the library."""
    renames: list[Step]
    """What gets another path, for people: one line each."""
    pictures: list[Step]
    collisions: list[Step]
    """Of the renames, those whose name is another track's, so that they get a number."""
    left: list[str]
    """Tracks that say too little of themselves to be named."""
    steps: list[Step]
    """The same as moves that can be made one after the other."""

    @property
    def fingerprint(self) -> str:
        """Differs when anything else would be done."""
        text = "\n".join(f"{step.source}\t{step.target}" for step in self.steps)
        return hashlib.blake2s(text.encode(), digest_size=12).hexdigest()


@dataclass
class _Planned:
    track: Named
    wanted: str
    """Where it belongs if nobody else is there."""
    target: str = ""


def plan(tracks: Iterable[Named], template: str, library: Path, picture: str = "") -> Plan:
    """`picture` is the name of the file beside an album that goes along. Raises Invalid, and Failure."""
    known = list(tracks)
    left = [track for track in known if not _can_be_named(track)]
    nameable = [track for track in known if _can_be_named(track)]
    spelling = _Spelling(track.path for track in known)
    planned = [_Planned(track, spelling.of(path_of(track, template))) for track in nameable]
    collisions = _settle(planned, {path_key(track.path) for track in left})
    moved = [one for one in planned if one.target != one.track.path]
    pictures = list(_pictures(moved, known, template, library, picture)) if picture else []
    by_id = {one.track.id: _step(one) for one in moved}
    return Plan(
        tracks=len(known),
        renames=list(by_id.values()),
        pictures=pictures,
        collisions=[by_id[one.track.id] for one in collisions if one.track.id in by_id],
        left=[track.path for track in left],
        steps=[*in_order(list(by_id.values())), *pictures],
    )


def _can_be_named(track: Named) -> bool:
    return bool(track.title and (track.artist or track.album_artist) and not track.error)


def _step(one: _Planned) -> Step:
    track = one.track
    return Step(track.path, one.target, track.id, track.size_bytes, track.mtime_ns)


@dataclass
class _Spelling:
    """How folders are spelt in the library: most of the time, where there are several ways."""

    paths: Iterable[str]
    names: dict[str, str] = field(default_factory=dict)
    """Key of a folder's path → its own name."""

    def __post_init__(self) -> None:
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for path in self.paths:
            *folders, _ = path.split("/")
            for depth, name in enumerate(folders, start=1):
                found[path_key("/".join(folders[:depth]))][name] += 1
        self.names = {key: names.most_common(1)[0][0] for key, names in found.items()}

    def of(self, wanted: PurePosixPath) -> str:
        *folders, name = wanted.parts
        spelt: list[str] = []
        for folder in folders:
            key = path_key("/".join([*spelt, folder]))
            spelt.append(self.names.setdefault(key, folder))
        return "/".join([*spelt, name])


def _settle(planned: Sequence[_Planned], taken: set[str]) -> list[_Planned]:
    """Give each its target, no two the same. Answers those that did not get the name they want.

    Who has its name keeps it, also one with a number when the name without is another's: so renaming a second
    time changes nothing.
    """
    open_ones: list[_Planned] = []
    for one in planned:
        if one.track.path == one.wanted and path_key(one.wanted) not in taken:
            one.target = one.wanted
            taken.add(path_key(one.wanted))
        else:
            open_ones.append(one)
    rest: list[_Planned] = []
    for one in open_ones:
        is_its_own = _is_numbered(one) and path_key(one.wanted) in taken
        if is_its_own and path_key(one.track.path) not in taken:
            one.target = one.track.path
            taken.add(path_key(one.track.path))
        else:
            rest.append(one)
    collisions = []
    for one in rest:
        for number in range(1, MOST_NUMBERS):
            one.target = str(with_number(PurePosixPath(one.wanted), number))
            if path_key(one.target) not in taken:
                break
        taken.add(path_key(one.target))
        if one.target != one.wanted:
            collisions.append(one)
    return collisions


def _is_numbered(one: _Planned) -> bool:
    """Whether its present name is the wanted one with a number behind."""
    found = _NUMBERED.search(PurePosixPath(one.track.path).stem)
    return found is not None and str(with_number(PurePosixPath(one.wanted), int(found[1]))) == one.track.path


def _pictures(
    moved: Sequence[_Planned], known: Sequence[Named], template: str, library: Path, picture: str
) -> Iterator[Step]:
    """The picture of a folder whose tracks all go to one other folder that is of one album, too."""
    there = Counter(_folder(track.path) for track in known)
    going: dict[str, list[_Planned]] = defaultdict(list)
    for one in moved:
        going[_folder(one.track.path)].append(one)
    taken: set[str] = set()
    for folder, ones in going.items():
        targets = {_folder(one.target) for one in ones}
        if len(targets) > 1 or len(ones) < there[folder]:
            continue
        [target] = targets
        of_album = all(naming.is_in_album_folder(tags_of(one.track), template) for one in ones)
        if path_key(target) == path_key(folder) or path_key(target) in taken or not of_album or not folder:
            continue
        if _is_there(library, f"{folder}/{picture}") and not _is_there(library, f"{target}/{picture}"):
            taken.add(path_key(target))
            yield Step(f"{folder}/{picture}", f"{target}/{picture}", None)


def _is_there(library: Path, path: str) -> bool:
    try:
        return name_is_taken(library, from_text(path))
    except Failure:
        return False


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def hidden(step: Step) -> str:
    """Where a file waits until its name is free: beside its old one, and seen by no player."""
    folder = _folder(step.source)
    name = f".inlay-{step.track_id}.renaming"
    return f"{folder}/{name}" if folder else name


def in_order(renames: Sequence[Step]) -> list[Step]:
    """Each move after the one that makes its name free; where they go round in circles, by a hidden name."""
    occupied: dict[str, list[Step]] = defaultdict(list)
    for step in renames:
        occupied[path_key(step.source)].append(step)
    done: set[str] = set()
    at: dict[str, str] = {}
    steps: list[Step] = []

    def go(step: Step, target: str) -> None:
        source = at.get(step.source, step.source)
        steps.append(Step(source, target, step.track_id, step.size_bytes, step.mtime_ns))
        here = occupied[path_key(step.source)]
        if step in here:
            here.remove(step)

    for first in renames:
        way = [first]
        while way:
            step = way[-1]
            if step.source in done:
                way.pop()
                continue
            before = [other for other in occupied[path_key(step.target)] if other.source not in at]
            if not before:
                go(step, step.target)
                done.add(step.source)
                way.pop()
            elif before[0] in way:
                go(before[0], hidden(before[0]))
                at[before[0].source] = hidden(before[0])
            else:
                way.append(before[0])
    return steps
