from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from advisory_samples import FACTS, advisory, considered
from buildkit.errors import InputError, RecipeError, ResultError
from buildkit.places import CHECKOUT
from native_build.advisories import read_advisories
from native_build.answers import answer_all, unanswered


def test_every_advisory_of_what_is_there_is_answered() -> None:
    listed = considered(
        advisory(), advisory(id="CVE-2026-0002", state="exploitable", severity="low")
    )
    first, second = answer_all(listed, FACTS)
    assert (first.advisory.id, first.version) == ("CVE-2026-0001", "3.5.7")
    assert first.proof.startswith("Mended in 3.5.7")
    assert (second.advisory.is_open, second.proof) == (True, "")


def test_what_is_not_in_the_program_is_left_out() -> None:
    facts = replace(FACTS, versions={"ffmpeg": "7.1.5"})
    assert answer_all(considered(advisory()), facts) == ()


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        ({"openssl": "3.5.9"}, "answers are for openssl 3.5.7, and 3.5.9 is in the program"),
        ({"curl": "8"}, "nobody looked for advisories of curl 8"),
    ],
)
def test_a_version_that_nobody_looked_at(versions: dict[str, str], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        answer_all(considered(), replace(FACTS, versions=versions))


@pytest.mark.parametrize("severity", ["critical", "high"])
@pytest.mark.parametrize("state", ["exploitable", "in_triage"])
def test_an_advisory_of_weight_that_is_open_stops_the_build(severity: str, state: str) -> None:
    listed = considered(advisory(state=state, severity=severity))
    with pytest.raises(ResultError, match=f"is open and {severity}"):
        answer_all(listed, FACTS)


def test_a_check_that_fails_stops_the_build() -> None:
    with pytest.raises(RecipeError, match="the answer to CVE-2026-0001"):
        answer_all(considered(advisory(release="4.0")), FACTS)


def test_what_scanners_have_beside_the_list() -> None:
    reports = ['{"id": "CVE-2026-0001"}', "GHSA-5qpq-xqfv-j9pg CVE-2026-99999 PYSEC-2025-1"]
    expected = ["CVE-2026-99999", "GHSA-5qpq-xqfv-j9pg", "PYSEC-2025-1"]
    assert unanswered(reports, considered(advisory())) == expected


def answers(*words: str | Path) -> subprocess.CompletedProcess[str]:
    folders = [CHECKOUT, CHECKOUT / "torch-build", CHECKOUT / "native-build"]
    return subprocess.run(
        [sys.executable, "-m", "native_build.answers", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_says_what_the_list_lacks(tmp_path: Path) -> None:
    known = read_advisories().advisories[0].id
    report = tmp_path / "report.json"
    report.write_text(f'[{{"id": "{known}"}}, {{"id": "CVE-1999-0001"}}]')
    done = answers(report)
    assert done.returncode == 1
    assert "not considered: CVE-1999-0001" in done.stdout
    assert known not in done.stdout
    report.write_text(known)
    assert answers(report).returncode == 0


def test_a_report_that_is_not_there(tmp_path: Path) -> None:
    done = answers(tmp_path / "none.json")
    assert done.returncode == InputError.exit_code
    assert len(done.stderr.splitlines()) == 1
