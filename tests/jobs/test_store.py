"""The database of jobs: what is confirmed is there, whatever happens then."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import child
import pytest
from disks import small_disk

from jobs.conftest import open_files
from transcriber.errors import StorageError
from transcriber.jobs.record import Failure, JobRecord, State
from transcriber.jobs.store import JobStore

RECORD = JobRecord(
    job="a1",
    name="Besprechung.wav",
    recording=Path("/records/a.wav"),
    owned=True,
    client="page-1",
    words=("--language=de", "--hotwords=a, b"),
    state=State.FAILED,
    priority=-3,
    created=12.5,
    started=13.0,
    ended=14.0,
    duration=60.0,
    position=30.0,
    attempts=1,
    failure=Failure(code=9, message="too long", remedy="cut it", kind="LimitError"),
    notes=("one", "two"),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite"


def stored(path: Path) -> list[JobRecord]:
    store = JobStore(path)
    try:
        return store.all()
    finally:
        store.close()


def write(path: Path, *records: JobRecord) -> None:
    store = JobStore(path)
    for record in records:
        store.put(record)
    store.close()


def test_a_record_comes_back_as_it_was(path: Path) -> None:
    plain = JobRecord(
        job="b2", name="b", recording=Path("b"), owned=False, client="", words=(), created=1.0
    )
    write(path, RECORD, plain)
    assert stored(path) == [plain, RECORD]


def test_names_that_are_no_text_are_kept_as_far_as_they_can_be(path: Path) -> None:
    odd = Path(os.fsdecode(b"/records/\xff.wav"))
    write(path, replace(RECORD, name="\udcff.wav", recording=odd))
    (found,) = stored(path)
    assert (found.name, found.recording) == ("?.wav", odd)


def test_a_job_is_replaced_and_removed(path: Path) -> None:
    store = JobStore(path)
    store.put(RECORD)
    store.put(replace(RECORD, state=State.DONE))
    assert [one.state for one in store.all()] == [State.DONE]
    store.remove("a1")
    store.remove("a1")
    assert store.all() == []


def test_only_its_owner_reads_it(path: Path) -> None:
    write(path, RECORD)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_new_one_is_told_from_an_empty_one(path: Path) -> None:
    assert [JobStore(path).is_new, JobStore(path).is_new] == [True, False]


@pytest.mark.parametrize("content", [b"no database at all" * 100, os.urandom(8192)])
def test_what_is_no_database_is_one_clear_line(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"jobs\.sqlite: file is not a database.*move the file"):
        JobStore(path)


def test_a_damaged_database_is_one_clear_line(path: Path) -> None:
    write(path, *(replace(RECORD, job=f"{number}", name="a" * 4000) for number in range(5)))
    with path.open("r+b") as stream:
        stream.seek(4096)
        stream.write(bytes(path.stat().st_size - 4096))
    with pytest.raises(StorageError, match=r"jobs\.sqlite: .*move the file away"):
        stored(path)


@pytest.mark.parametrize(
    "change", ["state = 'eaten'", "words = '{'", "failure = '{\"a\": 1}'", "notes = '1'"]
)
def test_a_record_that_makes_no_sense_is_one_clear_line(path: Path, change: str) -> None:
    write(path, RECORD)
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE jobs SET {change}")  # noqa: S608
    with pytest.raises(StorageError, match="makes no sense"):
        stored(path)


def test_a_database_of_the_first_version_is_taken_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, RECORD)
    with sqlite3.connect(path) as database:
        database.execute("ALTER TABLE jobs DROP COLUMN language")
        database.execute("PRAGMA user_version = 1")
    connect = sqlite3.connect

    def without_alter(*given: Any, **named: Any) -> sqlite3.Connection:
        """Connect to a SQLite that can do what ours can."""
        found: sqlite3.Connection = connect(*given, **named)
        found.set_authorizer(
            lambda action, *_: (
                sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_ALTER_TABLE else sqlite3.SQLITE_OK
            )
        )
        return found

    monkeypatch.setattr(sqlite3, "connect", without_alter)
    assert stored(path) == [replace(RECORD, language=None)]
    spoken = replace(RECORD, language="de")
    write(path, spoken)
    assert stored(path) == [spoken]


def test_a_later_version_is_left_alone(path: Path) -> None:
    write(path, RECORD)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 3")
    with pytest.raises(StorageError, match="another version"):
        JobStore(path)
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM jobs").fetchone() == (1,)


def test_a_refused_database_leaves_no_descriptor(path: Path) -> None:
    path.write_bytes(b"no database" * 100)
    before = open_files()
    for _ in range(5):
        with pytest.raises(StorageError):
            JobStore(path)
    assert open_files() == before


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        store = JobStore(disk / "jobs.sqlite")
        store.put(RECORD)
        (disk / "filling").write_bytes(b"\0" * (disk_free(disk) - 8192))
        notes = ("x" * 100_000,)
        with pytest.raises(StorageError, match="free some space"):
            store.put(replace(RECORD, job="b2", notes=notes))
        (disk / "filling").unlink()
        store.put(replace(RECORD, job="c3"))
        assert [one.job for one in store.all()] == ["a1", "c3"]
        store.close()


def disk_free(disk: Path) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize


def test_many_threads_write_at_once(path: Path) -> None:
    store = JobStore(path)

    def work(name: str) -> None:
        for number in range(8):
            store.put(replace(RECORD, job=f"{name}{number}"))
            if number % 2:
                store.remove(f"{name}{number}")
            store.all()

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.job for one in store.all()} == {f"{n}{i}" for n in "abcd" for i in range(0, 8, 2)}


def test_what_was_confirmed_survives_kills(path: Path) -> None:
    code = """
        import sys
        from dataclasses import replace
        from pathlib import Path
        from transcriber.jobs.record import JobRecord
        from transcriber.jobs.store import JobStore
        store = JobStore(Path(sys.argv[1]))
        plain = JobRecord(job="", name="a", recording=Path("a"), owned=False, client="", words=(),
                          created=0.0)
        first = int(sys.argv[2])
        for number in range(first, first + 100_000):
            store.put(replace(plain, job=str(number), created=float(number)))
            print(number, flush=True)
    """
    generator = random.Random(20)
    confirmed = -1
    for _ in range(8):
        writer = subprocess.Popen(
            child.command(code, path, str(confirmed + 1)),
            env=child.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        first = writer.stdout.readline()
        assert first
        time.sleep(generator.uniform(0, 0.05))
        writer.send_signal(signal.SIGKILL)
        lines = [first, *writer.stdout]
        writer.wait()
        writer.stdout.close()
        confirmed = int(lines[-1] if lines[-1].endswith("\n") else lines[-2])
        jobs = [int(one.job) for one in stored(path)]
        # The last may be written and not confirmed.
        assert jobs in (list(range(confirmed + 1)), list(range(confirmed + 2)))
        confirmed = jobs[-1]
