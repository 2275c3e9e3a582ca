"""No row of the corpus without a test that is really there."""

import re
from pathlib import Path

import pytest

from tests.hostile.rows import ROWS, Row

TESTS = Path(__file__).parents[1]


def test_all_rows_are_here() -> None:
    assert sorted(ROWS) == list(range(1, 25))


@pytest.mark.parametrize("row", ROWS.values(), ids=map(str, ROWS))
def test_a_row_has_its_tests_or_says_why_not(row: Row) -> None:
    assert bool(row.tests) != bool(row.reason)
    for reference in row.tests:
        file, _, name = reference.partition("::")
        assert (TESTS / file).is_file(), reference
        text = (TESTS / file).read_text()
        assert re.search(rf"^def {name or 'test_'}", text, re.MULTILINE), reference


def test_every_test_of_this_folder_belongs_to_a_row() -> None:
    told = {reference.partition("::")[0] for row in ROWS.values() for reference in row.tests}
    ours = {f"hostile/{file.name}" for file in Path(__file__).parent.glob("test_*.py")}
    assert ours - told == {"hostile/test_rows.py", "hostile/test_guard_down.py"}
