"""The pages in `docs/` say what is so: their diagrams are those of the program, their files are there."""

import re
from pathlib import Path

import pytest

from app.downloads.model import NEXT
from tests.test_architecture import COMMANDS, LAYERS, MODULES, imports_of, layer_of

DOCS = Path(__file__).parents[1] / "docs"
ARCHITECTURE = (DOCS / "architecture.md").read_text()
PAGES, WIRING = len(LAYERS) - 2, len(LAYERS) - 1


def part_of(module: str) -> str | None:
    """The diagram's name for it; None for the base."""
    if module in COMMANDS:
        # They use what the command line has made.
        return "wiring"
    package = module.split(".")[1] if module.count(".") > 1 or module in PACKAGES else None
    return {PAGES: "pages", WIRING: "wiring"}.get(layer_of(module), package)


PACKAGES = {module for module, file in MODULES.items() if file.name == "__init__.py" and module != "app"}


DIAGRAM = ARCHITECTURE.partition("flowchart TD")[2].partition("```")[0]


def drawn(kind: str) -> set[tuple[str, str]]:
    return set(re.findall(rf"^    (\w+) {re.escape(kind)} (\w+)$", DIAGRAM, re.MULTILINE))


def reach(start: str) -> set[str]:
    found, waiting = set(), [start]
    while waiting:
        at = waiting.pop()
        for one, other in drawn("-->"):
            if one == at and other not in found:
                found.add(other)
                waiting.append(other)
    return found


def test_every_import_between_parts_follows_the_arrows_and_every_arrow_is_one() -> None:
    seen: dict[tuple[str, str], set[str]] = {}
    for module in MODULES:
        for other in imports_of(module) & MODULES.keys():
            both = (part_of(module) or "", part_of(other) or "")
            if all(both) and both[0] != both[1]:
                seen.setdefault(both, set()).add(other)
    rows_only = drawn("-.->")
    assert all(one.endswith(".model") for both in rows_only for one in seen[both])
    assert not {both for both in seen.keys() - rows_only if both[1] not in reach(both[0])}
    assert not drawn("-->") - seen.keys()


def test_the_drawn_states_are_those_of_the_program() -> None:
    states = ARCHITECTURE.partition("stateDiagram-v2")[2].partition("```")[0]
    told = set(re.findall(r"^    (\w+) --> (\w+)$", states, re.MULTILINE))
    assert told == {(str(one), str(other)) for one, others in NEXT.items() for other in others}


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_files_that_a_page_names_are_there(page: Path) -> None:
    root = DOCS.parent
    named = re.findall(r"`((?:app/|tests/|[a-z_]+/)[\w*/.]+\.(?:py|html|yaml|md))`", page.read_text())
    missing = {name for name in named if not any([*root.glob(name), *(root / "app").glob(name)])}
    assert not missing


@pytest.mark.parametrize(
    "page", [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name
)
def test_pictures_and_pages_that_a_page_leads_to_are_there(page: Path) -> None:
    led = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert not [place for place in led if not (page.parent / place).exists()]
