"""`inlay doctor` says what lookups still need, and how to get it."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.checks.findings import Finding
from app.checks.programs import check_fingerprints, check_lookups
from app.lookups import fingerprint
from app.settings import Settings
from tests.running import Inlay


def found(**given: Any) -> dict[str, Finding]:
    return {one.check: one for one in check_lookups(Settings(**given))}


def test_lookups_that_are_off_need_nothing() -> None:
    assert found() == {"lookups": Finding("lookups", "ok", "off")}


def test_without_acoustid_nobody_needs_its_key() -> None:
    told = found(lookups=("musicbrainz", "lrclib"), contact="me@example.org")
    assert {one.level for one in told.values()} == {"ok"}
    assert "lookups: fpcalc" not in told


def test_fpcalc_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"lookups": ("musicbrainz", "acoustid"), "contact": "me@example.org", "acoustid_key": "secret"}
    told = found(**given)
    assert told["lookups: fpcalc"].level == ("ok" if fingerprint.is_possible() else "problem")
    assert all("secret" not in one.text + one.hint for one in told.values())
    monkeypatch.setitem(fingerprint.parent.ENVIRONMENT, "PATH", "/nowhere")
    told = found(**given)
    assert told["lookups: fpcalc"].level == "problem"
    assert "libchromaprint-tools" in told["lookups: fpcalc"].hint


def test_the_command_tells_it(tmp_path: Path) -> None:
    with Inlay(tmp_path / "inlay", lookups="musicbrainz", contact="me@example.org") as inlay:
        told = json.loads(inlay.command("doctor", "--json").stdout)
    assert ["ok", "musicbrainz"] in [[one["level"], one["text"]] for one in told if one["check"] == "lookups"]


def test_fingerprints_are_told_and_missed_only_when_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def said(fingerprints: str) -> Finding:
        [one] = check_fingerprints(Settings(fingerprints=fingerprints))
        return one

    assert said("off").text == "off"
    monkeypatch.setitem(fingerprint.parent.ENVIRONMENT, "PATH", "/nowhere")
    assert (said("added").level, said("added").text) == ("ok", "none: fpcalc is not installed")
    assert (said("all").level, said("all").code) == ("warning", "fingerprints-missing")
    assert "libchromaprint-tools" in said("all").hint
