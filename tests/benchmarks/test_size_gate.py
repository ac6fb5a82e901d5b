"""A change that grows by more than 16 KiB gives its reason, or is found, in real histories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from benchmarks.figures import ArtefactSizes
from benchmarks.sizes.gate import ALLOWED, GrowthVerdict, judge_growth, report_of_last_commit
from benchmarks.sizes.stored import REPORT, write_sizes

REASON = "Change it\n\nBinary-Size: it is worth it\n"


def sizes(wheel: int, folder: int = 500_000) -> dict[str, ArtefactSizes]:
    return {
        name: ArtefactSizes(
            bytes=size,
            components={"torch": size},
            files={"torch/_C.so": size},
            sections={},
            objects={},
            symbols={"torch/_C.so: table": size},
        )
        for name, size in (("wheel", wheel), ("lean folder", folder))
    }


class Repository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / REPORT.parent).mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> str:
        names = {f"GIT_{who}_NAME": "x" for who in ("AUTHOR", "COMMITTER")}
        addresses = {f"GIT_{who}_EMAIL": "x" for who in ("AUTHOR", "COMMITTER")}
        environment = {**os.environ, **names, **addresses}
        return subprocess.run(
            ["git", "-c", "commit.gpgsign=false", *words],
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
            env=environment,
        ).stdout

    def commit(self, message: str, report: dict[str, ArtefactSizes] | None = None) -> None:
        if report:
            write_sizes(report, self.folder / REPORT)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def judge(self, wheel: int, folder: int = 500_000) -> GrowthVerdict:
        return judge_growth(self.folder, sizes(wheel, folder))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "checkout")
    repository.commit("Begin", sizes(1_000_000))
    return repository


def test_up_to_the_allowance_no_reason_is_needed(repository: Repository) -> None:
    assert repository.judge(1_000_000 + ALLOWED, 100) == GrowthVerdict()
    assert ALLOWED == 16 * 1024


def test_what_was_built_grew(repository: Repository) -> None:
    repository.commit("Change it")
    (breach,) = repository.judge(1_000_001 + ALLOWED).breaches
    assert (breach.artefact, breach.bytes, breach.allowed) == ("wheel", ALLOWED + 1, ALLOWED)
    assert "what was built" in breach.explanation
    assert "+16,385  grew    symbol       torch/_C.so: table" in breach.explanation


def test_what_was_built_grew_for_a_reason(repository: Repository) -> None:
    repository.commit(REASON)
    repository.commit("Mend a test")
    assert repository.judge(2_000_000) == GrowthVerdict()


def test_an_earlier_reason_does_not_count_again(repository: Repository) -> None:
    repository.commit(REASON, sizes(1_100_000))
    assert repository.judge(1_100_000) == GrowthVerdict()
    (breach,) = repository.judge(1_200_000).breaches
    assert breach.bytes == 100_000


@pytest.mark.parametrize(
    "message", ["Change it", "Change it\n\nBinary-Size:\n", "Change it\n\nx: y"]
)
def test_a_report_grew_without_a_reason(repository: Repository, message: str) -> None:
    repository.commit(message, sizes(1_100_000, 600_000))
    repository.commit("Shrink it", sizes(900_000))
    breaches = repository.judge(900_000).breaches
    assert [(one.artefact, one.bytes) for one in breaches] == [
        ("wheel", 100_000),
        ("lean folder", 100_000),
    ]
    assert breaches[0].explanation.startswith("commit ")


def test_a_reason_counts_for_the_report_that_is_accepted_after_it(repository: Repository) -> None:
    repository.commit("Grow\n\nBinary-Size: a decoder")
    assert repository.judge(1_500_000).breaches == ()
    repository.commit("Keep the sizes", sizes(1_500_000))
    assert repository.judge(1_500_000).breaches == ()
    # It is used up.
    (breach,) = repository.judge(1_500_000 + 20_000).breaches
    assert breach.bytes == 20_000


def test_a_report_that_came_back_is_held_to_the_one_that_it_was(repository: Repository) -> None:
    (repository.folder / REPORT).unlink()
    repository.commit("Delete it")
    repository.commit("Put it back", sizes(1_500_000))
    (breach,) = repository.judge(1_500_000).breaches
    assert breach.bytes == 500_000


def test_what_is_not_committed_is_no_base(repository: Repository) -> None:
    write_sizes(sizes(3_000_000), repository.folder / REPORT)
    (breach,) = repository.judge(3_000_000).breaches
    assert breach.bytes == 2_000_000
    base = report_of_last_commit(repository.folder)
    assert base is not None
    assert base["wheel"].bytes == 1_000_000


def test_before_the_first_report_is_committed_the_file_counts(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "checkout")
    repository.commit("Begin")
    assert "no readable" in (repository.judge(1).unjudged or "")
    write_sizes(sizes(1_000_000), repository.folder / REPORT)
    assert repository.judge(1_000_000) == GrowthVerdict()
    assert len(repository.judge(1_100_000).breaches) == 1


def test_a_shallow_clone_cannot_be_judged(repository: Repository, tmp_path: Path) -> None:
    repository.commit("Change it", sizes(2_000_000))
    shallow = tmp_path / "shallow"
    repository.git("clone", "--quiet", "--depth=1", repository.folder.as_uri(), str(shallow))
    verdict = judge_growth(shallow, sizes(2_000_000))
    assert verdict.breaches == ()
    assert "not the whole history" in (verdict.unjudged or "")
    assert len(repository.judge(2_000_000).breaches) == 1


def test_no_repository_cannot_be_judged(tmp_path: Path) -> None:
    verdict = judge_growth(tmp_path, sizes(1))
    assert verdict.breaches == ()
    assert "git cannot tell" in (verdict.unjudged or "")


def test_no_git_cannot_be_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git cannot be started" in (judge_growth(tmp_path, sizes(1)).unjudged or "")


def test_a_report_that_cannot_be_read_is_said(repository: Repository) -> None:
    (repository.folder / REPORT).write_text("{}x")
    repository.commit("Break it")
    repository.commit("Mend it", sizes(1_000_000))
    assert "sizes.json of " in (repository.judge(1_000_000).unjudged or "")
