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

    def git(self, *words: str) -> None:
        who = ("AUTHOR", "COMMITTER")
        names = {f"GIT_{one}_{what}": "x" for one in who for what in ("NAME", "EMAIL")}
        command = ["git", "-c", "commit.gpgsign=false", *words]
        subprocess.run(command, cwd=self.folder, check=True, env={**os.environ, **names})

    def commit(self, message: str, report: dict[str, ArtefactSizes] | None = None) -> None:
        if report:
            write_sizes(report, self.folder / REPORT)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def breaches(self, wheel: int, folder: int = 500_000) -> dict[str, int]:
        """Return what grew without a reason, and by how much; everything could be judged."""
        verdict = judge_growth(self.folder, sizes(wheel, folder))
        assert verdict.unjudged is None
        assert {one.allowed for one in verdict.breaches} <= {ALLOWED}
        return {one.artefact: one.bytes for one in verdict.breaches}

    def unjudged(self) -> str:
        return judge_growth(self.folder, sizes(1_000_000)).unjudged or ""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "checkout")
    repository.commit("Begin", sizes(1_000_000))
    return repository


def test_what_was_built_may_grow_by_16_kib_without_a_reason(repository: Repository) -> None:
    assert ALLOWED == 16 * 1024
    repository.commit("Change it")
    assert repository.breaches(1_000_000 + ALLOWED, 100) == {}
    (breach,) = judge_growth(repository.folder, sizes(1_000_001 + ALLOWED)).breaches
    assert (breach.artefact, breach.bytes) == ("wheel", ALLOWED + 1)
    assert "what was built" in breach.explanation
    assert "+16,385  grew    symbol       torch/_C.so: table" in breach.explanation


def test_a_reason_counts_until_the_next_report(repository: Repository) -> None:
    repository.commit(REASON)
    repository.commit("Mend a test")
    assert repository.breaches(1_500_000) == {}
    repository.commit("Keep the sizes", sizes(1_500_000))
    assert repository.breaches(1_500_000) == {}
    assert repository.breaches(1_520_000) == {"wheel": 20_000}


@pytest.mark.parametrize(
    "message", ["Change it", "Change it\n\nBinary-Size:\n", "Change it\n\nx: y"]
)
def test_a_report_grew_without_a_reason(repository: Repository, message: str) -> None:
    repository.commit(message, sizes(1_100_000, 600_000))
    repository.commit("Shrink it", sizes(900_000))
    assert repository.breaches(900_000) == {"wheel": 100_000, "lean folder": 100_000}


def test_a_report_that_came_back_is_held_to_the_one_that_it_was(repository: Repository) -> None:
    (repository.folder / REPORT).unlink()
    repository.commit("Delete it")
    repository.commit("Put it back", sizes(1_500_000))
    assert repository.breaches(1_500_000) == {"wheel": 500_000}


def test_the_base_is_what_was_committed_or_else_the_file(
    repository: Repository, tmp_path: Path
) -> None:
    write_sizes(sizes(3_000_000), repository.folder / REPORT)
    assert repository.breaches(3_000_000) == {"wheel": 2_000_000}
    base = report_of_last_commit(repository.folder)
    assert base is not None
    assert base["wheel"].bytes == 1_000_000
    new = Repository(tmp_path / "new")
    new.commit("Begin")
    assert "no readable" in new.unjudged()
    write_sizes(sizes(1_000_000), new.folder / REPORT)
    assert new.breaches(1_000_000) == {}
    assert new.breaches(1_100_000) == {"wheel": 100_000}


def test_what_cannot_be_judged_is_said(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit("Change it", sizes(2_000_000))
    shallow = tmp_path / "shallow"
    repository.git("clone", "--quiet", "--depth=1", repository.folder.as_uri(), str(shallow))
    verdict = judge_growth(shallow, sizes(2_000_000))
    assert verdict.breaches == ()
    assert "not the whole history" in (verdict.unjudged or "")
    # What was built is judged all the same.
    assert len(judge_growth(shallow, sizes(3_000_000)).breaches) == 1
    (repository.folder / REPORT).write_text("{}x")
    repository.commit("Break it")
    repository.commit("Mend it", sizes(1_000_000))
    assert "sizes.json of " in repository.unjudged()
    assert "git cannot tell" in (judge_growth(tmp_path, sizes(1)).unjudged or "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert judge_growth(tmp_path, sizes(1)) == GrowthVerdict(
        unjudged="git cannot be started: No such file or directory: install it"
    )
