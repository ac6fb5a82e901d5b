"""What earlier runs found, and what the benchmarks ran on."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import example_results as example
from benchmarks.figures import Figure
from benchmarks.judging.history import append, entry_of, read_history
from benchmarks.measuring.machine import UNKNOWN, describe_machine, describe_revision
from buildkit.errors import InputError, ToolError


def test_all_figures_are_kept_and_bytes_exactly() -> None:
    found = example.results()
    entry = entry_of(found)
    figures = {figure.name: figure.value for figure in found.figures}
    assert entry.figures == pytest.approx(figures, rel=1e-5)
    assert json.dumps(entry.figures["size/ultra-lean folder"]) == "36724284"
    assert entry.processor == example.MACHINE["processor"]


def test_a_revision_has_one_line_for_each_processor(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    assert read_history(path) == []
    found = example.results(revision="a" * 40)
    elsewhere = replace(found, machine={"processor": "another"})
    # A name may have what ends a line elsewhere.
    name = 'size/<&> "\u2028\u00e4'
    again = replace(found, figures=(Figure(name="size/wheel", value=7), Figure(name=name, value=1)))
    runs = [found, example.results(revision="b" * 40), elsewhere, again]
    for run in runs:
        append(path, run)
    # What only the first of two runs measured is kept.
    first, second, third = map(entry_of, runs[:3])
    figures = {**first.figures, "size/wheel": 7, name: 1}
    assert read_history(path) == [replace(first, figures=figures), second, third]
    text = path.read_bytes()
    append(path, again)
    assert path.read_bytes() == text


GOOD = '{"revision": "a", "date": "d", "processor": "p", "figures": {"size/wheel": 1}}'


@pytest.mark.parametrize(
    "line",
    [
        *("", "{", "[]", "7", '{"revision": "a"}', "<<<<<<< HEAD"),
        GOOD.replace('"d"', "3"),
        GOOD.replace("}}", '}, "more": 1}'),
        GOOD.replace("1}", '"1"}'),
        GOOD.replace("1}", "true}"),
        GOOD.replace("1}", "NaN}"),
        GOOD.replace('{"size/wheel": 1}', "null"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history.jsonl"
    text = f"{GOOD}\n{line}\n{GOOD}\n"
    path.write_text(text)
    with pytest.raises(InputError, match=r"\Aline 2 of .*history\.jsonl is no recorded run: .*\Z"):
        append(path, example.results())
    assert path.read_text() == text


def test_what_is_no_text_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"\xff\xfe")
    for wrong in (path, tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_history(wrong)


def test_the_machine_is_described_without_its_name(tmp_path: Path) -> None:
    nothing = describe_machine(tmp_path)
    assert nothing["processor"] == nothing["memory"] == UNKNOWN
    assert nothing["instructions"].startswith("none of")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(
        "processor : 0\nmodel name : Example  CPU\nflags : sse4_2 avx2 avx512f amx_tile fma\n"
    )
    (tmp_path / "proc/meminfo").write_text("MemFree: 1 kB\nMemTotal:       25165824 kB\n")
    told = describe_machine(tmp_path)
    assert told.pop("cores").endswith(f", {len(os.sched_getaffinity(0))} threads")
    assert told == {
        "processor": "Example CPU",
        "instructions": "avx2, avx512f, amx_tile",
        "memory": "24.0 GiB",
        "kernel": os.uname().release,
    }


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Not that of this checkout, where a hook started the tests.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "file").write_text("1")
    git(folder, "add", "file")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-24T08:50:00+01:00")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder


@pytest.mark.parametrize("changed", ["", "file", "new"])
def test_the_revision_says_its_date_and_whether_it_is_changed(checkout: Path, changed: str) -> None:
    if changed:
        (checkout / changed).write_text("2")
    revision = git(checkout, "rev-parse", "HEAD") + "+" * bool(changed)
    assert describe_revision(checkout) == (revision, "2026-11-24T08:50:00+01:00")


def test_what_git_does_not_know_is_unknown(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # An archive that was unpacked within a repository is not a revision of that.
    for archive in (checkout.parent / "archive", checkout / "archive"):
        archive.mkdir()
        assert describe_revision(archive) == (UNKNOWN, UNKNOWN)
    git(checkout, "update-ref", "-d", "HEAD")
    with pytest.raises(ToolError, match=r"\Agit cannot read .*checkout: .*\Z"):
        describe_revision(checkout)
    monkeypatch.setenv("PATH", str(checkout))
    assert describe_revision(checkout) == (UNKNOWN, UNKNOWN)
