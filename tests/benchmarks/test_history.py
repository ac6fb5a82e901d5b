"""What earlier runs found, and what the benchmarks ran on."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path

import pytest

import example_results as example
from benchmarks.figures import Figure
from benchmarks.judging.history import append, entry_of, read_history
from benchmarks.measuring.machine import UNKNOWN, describe_machine, describe_revision
from buildkit.errors import InputError, ToolError


def test_what_is_appended_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    assert read_history(path) == []
    first, second = example.results(revision="a" * 40), example.results(revision="b" * 40)
    append(path, first)
    append(path, second)
    assert read_history(path) == [entry_of(first), entry_of(second)]
    assert len(path.read_bytes().splitlines()) == 2


def test_all_figures_are_kept_and_bytes_exactly() -> None:
    found = example.results()
    entry = entry_of(found)
    assert set(entry.figures) == {figure.name for figure in found.figures}
    for figure in found.figures:
        assert entry.figures[figure.name] == pytest.approx(figure.value, rel=1e-5)
    assert json.dumps(entry.figures["size/ultra-lean folder"]) == "36724284"
    assert entry.processor == example.MACHINE["processor"]


def test_a_revision_has_one_line_for_each_processor(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    found = example.results(revision="a" * 40)
    elsewhere = dataclasses.replace(found, machine={"processor": "another"})
    append(path, found)
    append(path, example.results(revision="b" * 40))
    append(path, elsewhere)
    again = dataclasses.replace(found, figures=(Figure(name="size/wheel", value=7),))
    append(path, again)
    entries = read_history(path)
    assert [(one.revision[0], one.processor) for one in entries] == [
        ("a", example.MACHINE["processor"]),
        ("b", example.MACHINE["processor"]),
        ("a", "another"),
    ]
    # What only the first of two runs measured is kept.
    assert entries[0].figures == {**entries[2].figures, "size/wheel": 7}


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    append(tmp_path / "one", example.results())
    append(tmp_path / "other", example.results())
    append(tmp_path / "other", example.results())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_names_of_any_kind_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    name = 'size/<&> "\u2028\u00e4'
    found = dataclasses.replace(example.results(), figures=(Figure(name=name, value=1),))
    append(path, found)
    append(path, example.results(revision="b"))
    assert read_history(path)[0].figures == {name: 1}


GOOD = '{"revision": "a", "date": "d", "processor": "p", "figures": {"size/wheel": 1}}'


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "7",
        '{"revision": "a"}',
        GOOD.replace('"d"', "3"),
        GOOD.replace("}}", '}, "more": 1}'),
        GOOD.replace("1}", '"1"}'),
        GOOD.replace("1}", "true}"),
        GOOD.replace("1}", "NaN}"),
        GOOD.replace('{"size/wheel": 1}', "null"),
        "<<<<<<< HEAD",
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history.jsonl"
    text = f"{GOOD}\n{line}\n{GOOD}\n"
    path.write_text(text)
    with pytest.raises(
        InputError, match=r"^line 2 of .*history\.jsonl is no recorded run: "
    ) as one:
        read_history(path)
    assert "\n" not in str(one.value)
    with pytest.raises(InputError, match="line 2"):
        append(path, example.results())
    assert path.read_text() == text


def test_what_is_no_text_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="cannot be read"):
        read_history(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_history(tmp_path)


def test_only_numbers_of_known_revisions_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    with pytest.raises(InputError, match="unknown revision"):
        append(path, example.results(revision=UNKNOWN))
    for value in (float("nan"), float("inf")):
        figures = (Figure(name="start/x/y", value=value),)
        with pytest.raises(InputError, match="start/x/y is no number"):
            append(path, dataclasses.replace(example.results(), figures=figures))
    assert not path.exists()


def test_the_machine_is_described_without_its_name(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(
        "processor : 0\nmodel name : Example  CPU\nflags : sse4_2 avx2 avx512f amx_tile fma\n"
    )
    (tmp_path / "proc/meminfo").write_text("MemFree: 1 kB\nMemTotal:       25165824 kB\n")
    told = describe_machine(tmp_path)
    assert told["processor"] == "Example CPU"
    assert told["instructions"] == "avx2, avx512f, amx_tile"
    assert told["memory"] == "24.0 GiB"
    assert told["kernel"] == os.uname().release
    assert set(told) == {"processor", "cores", "instructions", "memory", "kernel"}
    assert os.uname().nodename not in told.values()


def test_this_machine_is_described() -> None:
    told = describe_machine()
    assert all(told.values())
    assert told["memory"].endswith(" GiB")
    assert told["cores"].endswith(f", {len(os.sched_getaffinity(0))} threads")


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    told = describe_machine(tmp_path)
    assert told["processor"] == told["memory"] == UNKNOWN
    assert told["instructions"].startswith("none of")


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


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


def test_the_revision_and_its_date(checkout: Path) -> None:
    revision = git(checkout, "rev-parse", "HEAD")
    assert describe_revision(checkout) == (revision, "2026-11-24T08:50:00+01:00")


@pytest.mark.parametrize("name", ["file", "new"])
def test_a_changed_checkout_is_marked(checkout: Path, name: str) -> None:
    (checkout / name).write_text("2")
    revision, _ = describe_revision(checkout)
    assert revision == git(checkout, "rev-parse", "HEAD") + "+"


def test_what_git_does_not_know_is_unknown(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = checkout.parent / "archive"
    outside.mkdir()
    assert describe_revision(outside) == (UNKNOWN, UNKNOWN)
    # An archive that was unpacked within a repository is not a revision of that.
    inside = checkout / "archive"
    inside.mkdir()
    assert describe_revision(inside) == (UNKNOWN, UNKNOWN)
    monkeypatch.setenv("PATH", str(outside))
    assert describe_revision(checkout) == (UNKNOWN, UNKNOWN)


def test_a_repository_that_git_cannot_read_is_one_line(checkout: Path) -> None:
    git(checkout, "update-ref", "-d", "HEAD")
    with pytest.raises(ToolError, match=r"git cannot read .*checkout: ") as one:
        describe_revision(checkout)
    assert "\n" not in str(one.value)
