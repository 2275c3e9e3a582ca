"""Whatever is sent to the API, nothing breaks, the document tells the truth, and Bob's things stay Bob's."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.odd_requests import ask, odd_requests
from tests.route_table import all_routes
from tests.two_people import TwoPeople, copy_download, two_people

EXAMPLES = int(os.environ.get("INLAY_FUZZ_EXAMPLES", "8"))
"""Made-up requests for each operation, besides the few hundred that the document itself suggests."""
CASES = int(os.environ.get("INLAY_FUZZ_CASES", "0"))
"""Goes on with fresh downloads and other requests until so many were sent: 50000 for a long run."""
EVERY = int(os.environ.get("INLAY_FUZZ_ODD_EVERY", "4"))
"""How many of the odd requests are sent: of 2,800 every fourth; other ones to other routes. 1: all."""
ROOT = Path(__file__).parents[1]

CONFIG = """
# Meaning is no form: `http://[` fits every pattern and is no link, and a day may be none of its month's.
# 416: any number is a possible Range, but a file ends somewhere.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 416, 422, 429]

# A download in the wrong state is refused before its body is looked at.
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 413, 422]
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoPeople]:
    with two_people(tmp_path_factory.mktemp("two")) as made:
        yield made


def fuzz(world: TwoPeople, folder: Path, examples: int) -> int:
    """One run of Schemathesis with downloads of Alice's in every state. Returns how many requests it made."""
    mine = [copy_download(world, world.alice, state) for state in world.alice.downloads for _ in range(3)]
    known = {
        "mine": {"id": mine, "session_id": [world.alice.session_id], "track": [world.shared_track]},
        "others": {
            "id": [id for ids in world.bob.downloads.values() for id in ids],
            "session_id": [world.bob.session_id],
        },
        "secrets": sorted(world.secrets),
    }
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG)
    command = f"--config-file {config} run {world.inlay.url}/schema/openapi.json --no-color"
    command += f" --max-examples {examples} --no-shrink --max-failures 10 --max-redirects 0"
    command += " --generation-database none --request-timeout 20"
    ended = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *command.split()]
        + ["--header", f"Authorization: Bearer {world.alice.full}"],
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.schema_hooks",
            "INLAY_TEST_WORLD": json.dumps(known),
            "PYTHONPATH": str(ROOT),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=3600,
    )
    (folder / "report.txt").write_text(ended.stdout)
    assert ended.returncode == 0, ended.stdout[-20_000:] + ended.stderr[-2_000:]
    made = re.search(r"([\d,]+) generated", ended.stdout)
    assert made, ended.stdout
    return int(made[1].replace(",", ""))


def test_no_request_breaks_the_api_or_reaches_bobs_things(world: TwoPeople, tmp_path: Path) -> None:
    before = world.all_of_bobs()
    sent = fuzz(world, tmp_path, EXAMPLES)
    while sent < CASES:
        sent += fuzz(world, tmp_path, max(EXAMPLES, 60))
        print(f"{sent} requests")
    assert sent > 500, "the document has been read"
    assert world.all_of_bobs() == before
    assert "Traceback" not in world.inlay.log.read_text()


def test_no_odd_request_is_an_error_of_ours(world: TwoPeople, tmp_path: Path) -> None:
    before, secrets = world.all_of_bobs(), [secret.encode() for secret in world.secrets]
    wrong, sent = [], 0
    for number, (line, headers, body, login) in enumerate(odd_requests(world, all_routes(tmp_path))):
        # The two calls that read JSON get all of it.
        if number % EVERY and not (body and line.startswith(b"POST /api/")):
            continue
        sent += 1
        answer = ask(world, line, headers, body, login)
        told = b"%s | %s | %s | %s" % (line[:120], headers[:80], body[:80], login[:40])
        if answer.status >= 500 or (answer.status == 0 and b"Host" not in headers):
            wrong.append(f"{answer.status}: {told!r}")
        if any(secret in answer.body for secret in secrets):
            wrong.append(f"tells of Bob: {told!r}")
    print(f"{sent} odd requests")
    assert not wrong, "\n".join(wrong)
    assert world.all_of_bobs() == before
    assert "Traceback" not in world.inlay.log.read_text()
