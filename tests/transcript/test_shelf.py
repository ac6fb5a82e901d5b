"""Journals of other work wait for the run that goes on with them."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import child
import pytest

from transcriber.engine.interface import Position, WindowResult
from transcriber.transcript.journal import (
    SUFFIX,
    Header,
    Journal,
    journal_path,
    open_journal,
    read_journal,
)
from transcriber.transcript.shelf import KEPT_DAYS, PLACES, Shelf, shelf_paths


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return journal_path(tmp_path / "talk.2024")


def header(work: str, **more: Any) -> Header:
    return replace(Header(identity=work, language="en", threads=1, options=f"for {work}"), **more)


def window(number: int) -> WindowResult:
    segment: Any = {"text": f" {number}"}
    return WindowResult(segments=(segment,), position=Position(seek=number))


def of(work: str) -> Callable[[Header], bool]:
    return lambda header: header.identity == work


def run(path: Path, work: str, windows: int) -> tuple[int, Path | None]:
    """Decode windows of some work; return how many were there, and where those of others are."""
    with open_journal(path) as journal:
        other = Shelf(journal).settle(of(work)).waits
        if journal.header is None or journal.header.identity != work:
            journal.begin(header(work))
        there = len(journal.windows)
        for number in range(there, there + windows):
            journal.append(window(number))
        return there, other


def finish(path: Path) -> None:
    with open_journal(path) as journal:
        Shelf(journal).forget()
        journal.remove()


def test_what_was_begun_with_other_options_is_gone_on_with(path: Path) -> None:
    assert run(path, "A", 3) == (0, None)
    there, other = run(path, "B", 2)
    assert there == 0
    assert other == path.with_name(path.name + ".old")
    there, other = run(path, "A", 1)
    assert there == 3
    assert other is not None
    assert read_journal(other).windows == [window(0), window(1)]
    assert run(path, "A", 1) == (4, None)
    assert run(path, "B", 1)[0] == 2
    assert run(path, "A", 0)[0] == 5
    with open_journal(path) as journal:
        assert journal.windows == [window(number) for number in range(5)]
        assert journal.header == header("A")


def test_any_order_of_any_work_loses_nothing(path: Path) -> None:
    generator = random.Random(2)
    done = dict.fromkeys("ABCDEF", 0)
    for _ in range(60):
        work = generator.choice("ABCDEF")
        more = generator.randrange(3)
        assert run(path, work, more)[0] == done[work]
        done[work] += more
    assert set(path.parent.iterdir()) <= {path, *shelf_paths(path)}
    for work, count in done.items():
        assert run(path, work, 0)[0] == count
        finish(path)
    assert list(path.parent.iterdir()) == []


def test_there_are_so_many_places_and_the_oldest_goes(path: Path) -> None:
    past = time.time() - 10**6
    for number in range(PLACES + 4):
        with open_journal(path) as journal:
            gone = Shelf(journal).settle(of(f"work {number}")).gone
            journal.begin(header(f"work {number}"), [window(0)])
        assert len(gone) == (number > PLACES)
        assert not any(one.exists() for one in gone)
        for place in path.parent.glob("*.old*"):
            found = read_journal(place).header
            assert found is not None
            age = float(found.identity.split()[1])
            os.utime(place, (past + age, past + age))
    headers = [read_journal(one).header for one in path.parent.iterdir()]
    kept = {one.identity for one in headers if one is not None}
    assert len(headers) == PLACES + 1
    assert kept == {f"work {number}" for number in range(3, PLACES + 4)}


def test_what_is_too_old_goes(path: Path) -> None:
    run(path, "A", 1)
    _, other = run(path, "B", 1)
    assert other is not None
    just = other.stat().st_mtime - (KEPT_DAYS - 1) * 86400
    os.utime(other, (just, just))
    assert run(path, "B", 0)[0] == 1
    assert other.exists()
    long = just - 2 * 86400
    os.utime(other, (long, long))
    assert run(path, "A", 0)[0] == 0
    assert {one.name for one in path.parent.iterdir()} == {path.name, f"{path.name}.old"}
    # That is B's.
    assert read_journal(other).header == header("B")


def test_other_kernels_are_other_work(path: Path) -> None:
    def decode(kernels: str) -> int:
        with open_journal(path) as journal:
            Shelf(journal).settle(lambda one: one.kernels == kernels)
            if journal.header is None or journal.header.kernels != kernels:
                journal.begin(header("A", kernels=kernels))
            journal.append(window(len(journal.windows)))
            return len(journal.windows)

    assert [decode(name) for name in ("int8", "float32") * 3] == [1, 1, 2, 2, 3, 3]


def expect(path: Path, options: str) -> str | None:
    with open_journal(path) as journal:
        found = Shelf(journal).expected(lambda: options)
        return None if found is None else found.identity


def test_what_is_expected_before_the_samples_are_known(path: Path) -> None:
    assert expect(path, "for A") is None
    run(path, "A", 1)
    run(path, "B", 1)
    assert expect(path, "for A") == "A"
    assert expect(path, "for B") == "B"
    assert expect(path, "for C") is None


def test_nobody_is_asked_for_options_where_nothing_waits(path: Path) -> None:
    def refuse() -> str:
        raise AssertionError

    with open_journal(path) as journal:
        assert Shelf(journal).expected(refuse) is None


def test_a_journal_of_an_earlier_version_may_be_of_any_options(path: Path) -> None:
    with open_journal(path) as journal:
        journal.begin(header("A", options=""))
    assert expect(path, "for A") == "A"
    assert expect(path, "for B") == "A"


@pytest.mark.parametrize("damage", [b"", b"x", b"x" * 5000])
def test_a_damaged_journal_on_the_shelf_is_nobodys(path: Path, damage: bytes) -> None:
    run(path, "A", 2)
    _, other = run(path, "B", 1)
    assert other is not None
    other.write_bytes(damage)
    assert run(path, "A", 1)[0] == 0
    assert run(path, "B", 0)[0] == 1


def test_a_damaged_tail_costs_only_itself(path: Path) -> None:
    run(path, "A", 3)
    _, other = run(path, "B", 1)
    assert other is not None
    other.write_bytes(other.read_bytes()[:-3])
    assert run(path, "A", 0)[0] == 2


def test_what_has_less_replaces_nothing(path: Path) -> None:
    """A run that is killed while it takes a journal up has a part of it, and the shelf all."""
    run(path, "A", 5)
    run(path, "B", 1)
    with open_journal(path) as journal:
        shelf = Shelf(journal)
        shelf.put()
        # Killed after two windows.
        journal.begin(header("A"), [window(0), window(1)])
    assert run(path, "B", 0)[0] == 1
    assert run(path, "A", 0)[0] == 5


def test_the_part_of_a_journal_is_not_gone_on_with(path: Path) -> None:
    run(path, "A", 5)
    run(path, "B", 1)
    with open_journal(path) as journal:
        Shelf(journal).put()
        journal.begin(header("A"), [window(0)])
    assert run(path, "A", 0)[0] == 5


def test_a_copy_of_what_is_done_goes_with_it(path: Path) -> None:
    run(path, "A", 2)
    with open_journal(path) as journal:
        Shelf(journal).put()
    run(path, "B", 1)
    run(path, "A", 1)
    with open_journal(path) as journal:
        Shelf(journal).put()
    assert len(list(path.parent.iterdir())) == 3
    finish(path)
    # B waits.
    assert [one.name for one in path.parent.iterdir()] == [f"{path.name}.old2"]


def test_long_names_have_places_of_their_own(tmp_path: Path) -> None:
    long, other = (journal_path(tmp_path / ("x" * 249 + end)) for end in "yz")
    assert not set(shelf_paths(long)) & set(shelf_paths(other))
    assert run(long, "A", 1)[0] == 0
    assert run(other, "B", 1)[0] == 0
    assert run(long, "B", 1)[0] == 0
    assert run(other, "A", 1)[0] == 0
    assert run(long, "A", 1)[0] == 1
    assert all(len(one.name) <= 255 for one in tmp_path.iterdir())


def test_the_places_are_beside_the_journal() -> None:
    paths = shelf_paths(Path("out", f"talk{SUFFIX}"))
    assert paths[:2] == (Path("out", f"talk{SUFFIX}.old"), Path("out", f"talk{SUFFIX}.old2"))
    assert len(set(paths)) == PLACES + 1


def test_a_full_shelf_loses_nothing_that_is_gone_on_with(path: Path) -> None:
    names = [f"work {number}" for number in range(PLACES + 1)]
    for turn in range(3):
        assert [run(path, name, 1)[0] for name in names] == [turn] * len(names)
    assert len(list(path.parent.iterdir())) == PLACES + 1


CHANGE = """
    import sys
    from pathlib import Path
    from transcriber.engine.interface import Position, WindowResult
    from transcriber.transcript.journal import Header, open_journal
    from transcriber.transcript.shelf import Shelf
    with open_journal(Path(sys.argv[1])) as journal:
        while True:
            for work in "ABC":
                Shelf(journal).settle(lambda header: header.identity == work)
                if journal.header is None or journal.header.identity != work:
                    journal.begin(Header(identity=work, language="en", threads=1))
                number = len(journal.windows)
                segment = {"text": "x" * (1000 + number)}
                journal.append(WindowResult(segments=(segment,), position=Position(seek=number)))
                print(work, number, flush=True)
    """


def holdings(journal: Journal) -> dict[str, int]:
    """Return how many windows there are of each work, wherever they are."""
    found: dict[str, int] = {}
    for work in "ABC":
        Shelf(journal).settle(of(work))
        if journal.header is not None and journal.header.identity == work:
            found[work] = len(journal.windows)
    return found


def test_a_kill_at_any_moment_loses_nothing(path: Path) -> None:
    generator = random.Random(8)
    told = dict.fromkeys("ABC", 0)
    for _ in range(12):
        with child.start(CHANGE, path) as process:
            assert process.stdout is not None
            for _ in range(generator.randrange(1, 40)):
                work, number = process.stdout.readline().split()
                told[work] = int(number) + 1
            process.send_signal(signal.SIGKILL)
            for line in process.stdout.read().splitlines():
                if len(line.split()) == 2:
                    work, number = line.split()
                    # The last line may be cut off.
                    told[work] = max(told[work], int(number) + 1)
            assert process.wait(timeout=10) == -signal.SIGKILL
        with open_journal(path) as journal:
            found = holdings(journal)
        assert all(found.get(work, 0) >= count for work, count in told.items())
        hidden = [one.name for one in path.parent.iterdir() if one.name.startswith(".")]
        # The run that was killed may have been about to rename one.
        assert len(hidden) <= 1
    for work in "ABC":
        run(path, work, 0)
        finish(path)
    assert [one for one in path.parent.iterdir() if not one.name.startswith(".")] == []
