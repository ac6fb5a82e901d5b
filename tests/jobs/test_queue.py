"""The life of a job, from its submission to its end."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from worker import stand_in

from jobs.conftest import Queued, open_files, running, wait_for
from transcriber.engine.interface import Position, WindowResult
from transcriber.errors import StorageError
from transcriber.jobs import feeding
from transcriber.jobs.folders import OccupiedError
from transcriber.jobs.queue import JobQueue
from transcriber.jobs.record import State
from transcriber.jobs.store import JobStore
from transcriber.transcript.journal import Header, journal_path, open_journal
from transcriber.worker import process

pytestmark = pytest.mark.timeout(60)

SLOW = ("say one", "rest 30", "say two")


def test_a_job_is_decoded(queued: Queued) -> None:
    listener = queued.queue.bulletin.listen()
    job = queued.submit("note a note", "say one", "say two", words=("--language=de",))
    record = queued.over(job)
    assert record.state is State.DONE
    assert (record.position, record.duration) == (4.0, 4.0)
    assert record.notes == ("a note",)
    assert record.started is not None
    assert record.ended is not None
    assert record.created <= record.started <= record.ended
    assert queued.texts(job) == ["one", "two"]
    assert queued.queue.transcript(job) is not None
    words = (queued.queue.folders.of(job) / "words.json").read_text()
    assert json.loads(words) == ["--language=de"]
    heard = []
    while event := listener.hear(0.2):
        heard.append(event.kind)
    assert heard.count("segments") == 2
    assert heard[0] == heard[-1] == "job"
    assert queued.queue.figures.ended == {"done": 1}
    assert queued.queue.figures.decoded_seconds == 4.0


def test_segments_are_known_while_the_rest_is_decoded(queued: Queued) -> None:
    job = queued.submit(*SLOW)
    wait_for(lambda: queued.texts(job) == ["one"])
    assert queued.state(job) is State.RUNNING
    assert queued.queue.transcript(job) is None


def test_a_job_that_fails_tells_why(queued: Queued) -> None:
    record = queued.over(queued.submit("fail 9 LimitError it is too long"))
    assert record.state is State.FAILED
    assert record.failure is not None
    told = record.failure
    assert (told.code, told.kind, told.message) == (9, "LimitError", "it is too long")
    assert queued.queue.figures.ended == {"failed": 1}


def test_a_job_is_given_up_while_it_waits(queued: Queued) -> None:
    queued.queue.pause_all(True)
    job = queued.submit("say one")
    record = queued.queue.cancel(job)
    assert record is not None
    assert record.state is State.CANCELLED
    assert record.ended is not None
    queued.queue.pause_all(False)
    assert queued.over(queued.submit("say two")).state is State.DONE
    assert queued.state(job) is State.CANCELLED
    assert queued.queue.figures.ended == {"cancelled": 1, "done": 1}


def test_a_job_is_given_up_while_it_runs_and_others_go_on(queued: Queued) -> None:
    given_up, other = queued.submit(*SLOW), queued.submit("say one", "rest 0.3", "say two")
    queued.reached(given_up, State.RUNNING)
    queued.queue.cancel(given_up)
    assert queued.over(other).state is State.DONE
    assert queued.state(given_up) is State.CANCELLED
    wait_for(lambda: queued.queue._feeding.jobs == ())


def test_giving_up_what_is_over_changes_nothing(queued: Queued) -> None:
    job = queued.submit("say one")
    done = queued.over(job)
    for change in (queued.queue.cancel, queued.queue.pause, queued.queue.resume):
        assert change(job) == done


@pytest.mark.parametrize("name", ["cancel", "pause", "resume", "job"])
def test_what_is_not_there_is_none(queued: Queued, name: str) -> None:
    assert getattr(queued.queue, name)("nobody") is None
    assert queued.queue.again("nobody", ()) is None
    assert queued.queue.prioritise("nobody", 1) is None
    assert not queued.queue.remove("nobody")


def test_a_job_is_put_aside_and_goes_on(queued: Queued) -> None:
    job = queued.submit("say one", "rest 0.3", "say two")
    wait_for(lambda: queued.texts(job) == ["one"])
    queued.queue.pause(job)
    wait_for(lambda: queued.queue._feeding.jobs == ())
    assert queued.state(job) is State.PAUSED
    assert queued.texts(job) == ["one"]
    queued.queue.resume(job)
    assert queued.over(job).state is State.DONE
    assert queued.texts(job) == ["one", "two"]


def test_a_job_goes_on_that_is_still_being_put_aside(queued: Queued) -> None:
    job = queued.submit("say one", "rest 0.2", "say two")
    queued.reached(job, State.RUNNING)
    for _ in range(20):
        queued.queue.pause(job)
        queued.queue.resume(job)
    assert queued.over(job).state is State.DONE
    assert queued.texts(job) == ["one", "two"]


def test_what_failed_is_tried_again_when_somebody_asks(queued: Queued) -> None:
    job = queued.submit("fail 3 InputError no sound")
    queued.over(job)
    (queued.recordings / "0.wav").write_text("say one")
    record = queued.queue.resume(job)
    assert record is not None
    assert record.failure is None
    assert queued.over(job).state is State.DONE


def test_a_recording_is_decoded_again_with_other_options(queued: Queued) -> None:
    job = queued.submit("say one", words=("--language=de",))
    queued.over(job)
    record = queued.queue.again(job, ["--language=fr"])
    assert record is not None
    assert (record.state, record.position) == (State.WAITING, 0.0)
    assert queued.over(job).state is State.DONE
    words = (queued.queue.folders.of(job) / "words.json").read_text()
    assert json.loads(words) == ["--language=fr"]


def test_what_runs_begins_anew_with_other_options(queued: Queued) -> None:
    job = queued.submit("say one", "rest 0.3", "say two")
    wait_for(lambda: queued.texts(job) == ["one"])
    queued.queue.again(job, ["--language=fr"])
    assert queued.texts(job) == []
    assert queued.over(job).state is State.DONE
    words = (queued.queue.folders.of(job) / "words.json").read_text()
    assert json.loads(words) == ["--language=fr"]


def test_the_end_of_what_is_outdated_counts_for_nothing(queued: Queued) -> None:
    """What was decoded with the earlier options was done before the process heard of the new."""
    job = queued.submit("say one", "rest 30")
    queued.reached(job, State.RUNNING)
    queued.queue.again(job, ["--language=fr"])
    course = {"position": 2.0, "duration": 2.0, "elapsed": 1.0, "time_left": None}
    (queued.queue.folders.of(job) / "transcript.json").write_text('{"segments": []}')
    queued.queue._told({"event": "done", "job": job, **course})
    assert queued.state(job) is not State.DONE
    assert queued.queue.folders.transcript(job) is None


def test_a_job_is_removed_with_its_files(queued: Queued) -> None:
    job = queued.submit("say one")
    queued.over(job)
    folder = queued.queue.folders.of(job)
    assert folder.is_dir()
    assert queued.queue.remove(job)
    assert not folder.exists()
    assert queued.queue.job(job) is None
    assert queued.queue.segments(job) == []


def test_a_job_is_removed_while_it_runs(queued: Queued) -> None:
    job = queued.submit(*SLOW)
    wait_for(lambda: queued.texts(job) == ["one"])
    folder = queued.queue.folders.of(job)
    assert queued.queue.remove(job)
    assert queued.queue.jobs() == []
    wait_for(lambda: not folder.exists())
    assert queued.over(queued.submit("say one")).state is State.DONE


def test_a_higher_priority_begins_first(queued: Queued) -> None:
    queued.queue.pause_all(True)
    jobs = [queued.submit("say one", words=(f"--seed={number}",)) for number in range(3)]
    queued.queue.prioritise(jobs[2], 5)
    assert queued.queue.places() == {jobs[2]: 0, jobs[0]: 1, jobs[1]: 2}
    queued.queue.pause_all(False)
    ended = [queued.over(job).ended for job in (jobs[2], jobs[0], jobs[1])]
    assert ended == sorted(ended, key=lambda end: end or 0)


def test_a_paused_queue_begins_nothing_and_ends_what_runs(queued: Queued) -> None:
    first = queued.submit("say one", "rest 0.2")
    queued.reached(first, State.RUNNING)
    queued.queue.pause_all(True)
    second = queued.submit("say one")
    assert queued.over(first).state is State.DONE
    assert queued.state(second) is State.WAITING
    queued.queue.pause_all(False)
    assert queued.over(second).state is State.DONE


def test_jobs_with_the_same_options_are_decoded_side_by_side(queued: Queued) -> None:
    jobs = [queued.submit(*SLOW) for _ in range(feeding._MOST + 1)]
    for job in jobs[:-1]:
        queued.reached(job, State.RUNNING)
    time.sleep(0.05)
    assert queued.state(jobs[-1]) is State.WAITING
    queued.queue.cancel(jobs[0])
    queued.reached(jobs[-1], State.RUNNING)


def test_other_options_wait(queued: Queued) -> None:
    first = queued.submit("say one", "rest 0.2", words=("--language=de",))
    other = queued.submit("say one", words=("--language=fr",))
    queued.reached(first, State.RUNNING)
    assert queued.state(other) is State.WAITING
    one, two = queued.over(first), queued.over(other)
    assert one.ended is not None
    assert two.started is not None
    assert two.started >= one.ended


def test_a_death_costs_a_job_nothing_but_time(queued: Queued) -> None:
    job = queued.submit("say one", "die-once", "say two")
    assert queued.over(job).state is State.DONE
    assert queued.texts(job) == ["one", "two"]
    assert any("signal 9: it hurts" in line for line in queued.lines)


def test_what_kills_each_time_fails_and_takes_no_other_with_it(queued: Queued) -> None:
    guilty = queued.submit("say one", "rest 0.1", "die")
    others = [queued.submit("say one", "rest 0.2", "say two") for _ in range(3)]
    record = queued.over(guilty)
    assert record.failure is not None
    assert "died each time (signal 9: it hurts)" in record.failure.message
    assert record.failure.kind == "EngineFailedError"
    for other in others:
        assert queued.over(other).state is State.DONE
    assert queued.over(queued.submit("say one")).state is State.DONE


def test_what_makes_no_sense_ends_the_process(queued: Queued) -> None:
    record = queued.over(queued.submit("nonsense"))
    assert record.failure is not None
    assert "makes no sense" in record.failure.message


def test_a_process_that_hangs_is_ended_and_others_are_not_blamed(
    queued: Queued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "_PATIENCE", 0.2)
    monkeypatch.setattr(process, "_GRACE", 0.1)
    other = queued.submit("say one", "rest 30", "say two")
    for _ in range(3):
        queued.reached(other, State.RUNNING)
        hanging = queued.submit("hang")
        wait_for(lambda: is_stopped(queued.queue.decoder))
        dying = queued.queue.decoder
        queued.queue.cancel(hanging)
        wait_for(lambda pid=dying: queued.queue.decoder != pid)  # type: ignore[misc]
    assert queued.reached(other, State.RUNNING).attempts == 0


def is_stopped(pid: int | None) -> bool:
    return pid is not None and Path(f"/proc/{pid}/stat").read_text().rsplit(") ")[-1][0] == "T"


def test_a_process_that_hangs_does_not_hold_up_the_queue(
    queued: Queued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pipe is full, and nobody reads it."""
    monkeypatch.setattr(process, "_GRACE", 0.1)
    words = ("--initial_prompt=" + "a" * 100_000,)
    jobs = [queued.submit("hang", words=words) for _ in range(4)]
    wait_for(lambda: is_stopped(queued.queue.decoder))
    begun = time.monotonic()
    for job in jobs:
        queued.queue.cancel(job)
    assert time.monotonic() - begun < 1


def test_a_program_that_cannot_be_started_fails_the_job(
    queued: Queued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "_RETRY", 0.01)
    monkeypatch.setattr(process, "decoder_command", lambda: ["/nonexistent/program"])
    before = open_files()
    record = queued.over(queued.submit("say one"))
    assert record.failure is not None
    assert "cannot be started: No such file" in record.failure.message
    assert open_files() == before


def test_the_model_is_unloaded_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    with running(tmp_path, keep_alive=0.2) as queued:
        queued.over(queued.submit("say one"))
        first = queued.queue.decoder
        assert first is not None
        queued.over(queued.submit("say one"))
        assert queued.queue.decoder == first
        wait_for(lambda: queued.queue.decoder is None)
        wait_for(lambda: not Path(f"/proc/{first}").exists())
        assert queued.over(queued.submit("say one")).state is State.DONE
        assert not any("died" in line for line in queued.lines)


def test_it_is_unloaded_at_once_where_that_is_wanted(tmp_path: Path) -> None:
    with running(tmp_path, keep_alive=0) as queued:
        for _ in range(3):
            assert queued.over(queued.submit("say one")).state is State.DONE
            wait_for(lambda: queued.queue.decoder is None)


def test_an_unloaded_process_that_does_not_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_GRACE", 0.1)
    with running(tmp_path, keep_alive=0.1) as queued:
        queued.over(queued.submit("say one"))
        pid = queued.queue.decoder
        assert pid is not None
        os.kill(pid, 19)
        wait_for(lambda: not Path(f"/proc/{pid}").exists())


def test_jobs_outlive_the_queue(tmp_path: Path) -> None:
    with running(tmp_path) as queued:
        done, failed = queued.submit("say one"), queued.submit("fail 3 InputError no sound")
        queued.over(done)
        queued.over(failed)
        interrupted, paused = queued.submit("say one", "rest 0.3"), queued.submit(*SLOW)
        queued.reached(interrupted, State.RUNNING)
        queued.queue.pause(paused)
        before = [queued.queue.job(job) for job in (done, failed)]
    with running(tmp_path) as queued:
        assert [queued.queue.job(job) for job in (done, failed)] == before
        assert queued.texts(done) == ["one"]
        assert queued.state(paused) is State.PAUSED
        assert queued.over(interrupted).state is State.DONE


def test_what_is_decoded_is_known_behind_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as queued:
        job = queued.submit(*SLOW)
        queued.reached(job, State.RUNNING)
        queued.queue.pause(job)
        folder = queued.queue.folders.of(job)
    said = {**stand_in.segment(0, "one"), "id": 0}
    with open_journal(journal_path(folder / "transcript")) as journal:
        journal.begin(Header(identity="a", language="en", threads=1))
        journal.append(WindowResult(segments=(said,), position=Position(seek=200)))  # type: ignore[arg-type]
    with running(tmp_path) as queued:
        assert queued.state(job) is State.PAUSED
        assert queued.texts(job) == ["one"]


def test_a_job_can_be_removed_from_a_full_disk(
    queued: Queued, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = queued.queue.folders.new()
    recording = queued.queue.folders.of(folder) / "a.wav"
    recording.write_text("say one")
    queued.queue.submit(name="a", recording=recording, words=(), client="a", job=folder)
    queued.over(folder)
    remove = JobStore.remove

    def full(store: JobStore, job: str) -> None:
        if recording.exists():
            raise StorageError("the disk is full")
        remove(store, job)

    monkeypatch.setattr(JobStore, "remove", full)
    assert queued.queue.remove(folder)
    assert queued.queue.job(folder) is None


def test_what_ran_with_a_new_priority_goes_on_at_the_next_start(tmp_path: Path) -> None:
    with running(tmp_path) as queued:
        job = queued.submit("say one", "rest 0.3")
        queued.reached(job, State.RUNNING)
        queued.queue.prioritise(job, 3)
    with running(tmp_path) as queued:
        record = queued.over(job)
        assert (record.state, record.priority) == (State.DONE, 3)


def test_jobs_that_are_not_kept_leave_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as queued:
        queued.over(queued.submit("say one", kept=False))
        running_job = queued.submit(*SLOW, kept=False)
        removed = queued.submit(*SLOW)
        queued.reached(removed, State.RUNNING)
        queued.reached(running_job, State.RUNNING)
        queued.queue.remove(removed)
    assert not [path for path in (tmp_path / "jobs").iterdir() if path.is_dir()]


def test_folders_of_a_queue_that_was_killed_go(tmp_path: Path) -> None:
    with running(tmp_path) as queued:
        kept = queued.submit("say one")
        queued.over(kept)
    (tmp_path / "jobs" / "0123456789abcdef").mkdir()
    with running(tmp_path) as queued:
        folders = [path.name for path in (tmp_path / "jobs").iterdir() if path.is_dir()]
    assert folders == [kept]


def test_transcripts_survive_the_loss_of_the_database(tmp_path: Path) -> None:
    """A message about a damaged one says to move it away."""
    with running(tmp_path) as queued:
        job = queued.submit("say one")
        queued.over(job)
    (tmp_path / "jobs" / "jobs.sqlite").rename(tmp_path / "damaged")
    for _ in range(2):
        with running(tmp_path) as queued:
            assert queued.queue.jobs() == []
    assert (tmp_path / "jobs" / "found" / job / "transcript.json").is_file()


def test_two_queues_do_not_share_a_folder(tmp_path: Path, queued: Queued) -> None:
    with pytest.raises(OccupiedError, match="another transcriber"):
        JobQueue(tmp_path / "jobs", keep_alive=1, log=print)
    assert queued.over(queued.submit("say one")).state is State.DONE


def test_a_folder_that_was_refused_is_free_again(tmp_path: Path) -> None:
    root = tmp_path / "jobs"
    root.mkdir()
    (root / "jobs.sqlite").write_bytes(b"no database" * 100)
    for _ in range(2):
        with pytest.raises(StorageError, match="not a database"):
            JobQueue(root, keep_alive=1, log=print)
    (root / "jobs.sqlite").unlink()
    with running(tmp_path):
        pass


class FullDisk:
    """Has the database refuse to be written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        put = JobStore.put

        def refusing(store: JobStore, record: object) -> None:
            if self.is_full:
                raise StorageError("the disk is full")
            put(store, record)  # type: ignore[arg-type]

        monkeypatch.setattr(JobStore, "put", refusing)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    return FullDisk(monkeypatch)


def test_a_full_disk_does_not_stop_the_queue(tmp_path: Path, disk: FullDisk) -> None:
    with running(tmp_path) as queued:
        job = queued.submit("say one", "rest 0.1")
        disk.is_full = True
        assert queued.over(job).state is State.DONE
        assert any("not written down yet: the disk is full" in line for line in queued.lines)
        with pytest.raises(StorageError):
            queued.submit("say one")
        disk.is_full = False
        assert queued.over(queued.submit("say one")).state is State.DONE
    with sqlite3.connect(tmp_path / "jobs" / "jobs.sqlite") as database:
        assert database.execute("SELECT state FROM jobs").fetchall() == [("done",), ("done",)]


def test_what_is_refused_has_not_happened(queued: Queued, disk: FullDisk) -> None:
    job = queued.submit("say one", "rest 0.3", "say two")
    queued.reached(job, State.RUNNING)
    disk.is_full = True
    for change in (queued.queue.cancel, queued.queue.pause):
        with pytest.raises(StorageError):
            change(job)
    folders = sorted(path.name for path in queued.queue.folders.root.iterdir() if path.is_dir())
    assert folders == [job]
    disk.is_full = False
    assert queued.over(job).state is State.DONE
    assert queued.texts(job) == ["one", "two"]


def test_jobs_that_are_not_kept_need_no_database(queued: Queued, disk: FullDisk) -> None:
    disk.is_full = True
    job = queued.submit("say one", kept=False)
    assert queued.over(job).state is State.DONE
    assert queued.queue.remove(job)


def test_many_threads_use_it_at_once(queued: Queued) -> None:
    def work(client: str) -> None:
        for number in range(6):
            job = queued.submit("say one", "rest 0.01", client=client)
            if number % 3 == 0:
                queued.queue.cancel(job)
            elif number % 3 == 1:
                queued.queue.pause(job)
                queued.queue.resume(job)
            queued.queue.jobs()
            queued.queue.places()
            if number % 2:
                queued.over(job)
                queued.queue.remove(job)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    for record in queued.queue.jobs():
        queued.over(record.job)
    wait_for(lambda: queued.queue._feeding.jobs == ())


def test_a_thousand_jobs_leave_nothing_behind(queued: Queued) -> None:
    path = queued.recordings / "one.wav"
    path.write_text("say one")

    def decode(count: int) -> None:
        for _ in range(count // 50):
            jobs = [
                queued.queue.submit(
                    name="one", recording=path, words=(), client="a", kept=False
                ).job
                for _ in range(50)
            ]
            for job in jobs:
                assert queued.over(job).state is State.DONE
                queued.queue.remove(job)

    decode(100)
    descriptors, threads = open_files(), threading.active_count()
    before = resident_bytes()
    decode(1000)
    assert open_files() <= descriptors
    assert threading.active_count() <= threads
    assert resident_bytes() - before < 2 << 20
    assert not [one for one in queued.queue.folders.root.iterdir() if one.is_dir()]
    hearing = queued.queue._hearing
    held = (hearing.segments, hearing.time_left, queued.queue._removed)
    assert not any(held)
    assert queued.queue.jobs() == []


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_process_that_comes_and_goes_leaves_nothing_behind(tmp_path: Path) -> None:
    with running(tmp_path, keep_alive=0) as queued:
        queued.over(queued.submit("say one"))
        wait_for(lambda: queued.queue.decoder is None)
        wait_for(lambda: threading.active_count() <= 3)
        descriptors = open_files()
        for _ in range(10):
            queued.over(queued.submit("say one"))
            wait_for(lambda: queued.queue.decoder is None)
        wait_for(lambda: open_files() <= descriptors)
        wait_for(lambda: threading.active_count() <= 3)


def test_the_record_is_what_the_database_has(queued: Queued) -> None:
    job = queued.submit("say one")
    record = queued.over(job)
    (stored,) = queued.queue._store.all()
    assert stored == replace(record)
