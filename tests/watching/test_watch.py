"""Watching, as processes of their own, with real inotify and a stand-in that decodes nothing."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import child
import pytest

from watching import stand_in

PATIENCE = 20.0


@dataclass
class Watcher:
    """A process that watches."""

    folder: Path
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def told(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def texts(self, name: str) -> list[str]:
        """Wait for a transcript; return what it says, with the process in front."""
        path = self.folder / name
        wait_for(lambda: path.exists() and path.read_text(), lambda: f"{name}: {self.lines}")
        return path.read_text().split("\n")


def wait_for(condition: Callable[[], object], told: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, told()
        time.sleep(0.01)


@contextlib.contextmanager
def watching(folder: Path, *options: str, keep_alive: float = 60) -> Iterator[Watcher]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, stand_in.__file__, str(folder), str(keep_alive), *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=child.environment())
    watcher = Watcher(folder, process)

    def read(stream: IO[str]) -> None:
        for line in stream:
            watcher.lines.append(line.rstrip())

    assert process.stderr is not None
    reading = threading.Thread(target=read, args=(process.stderr,))
    reading.start()
    try:
        yield watcher
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        # Also the process that decodes is gone when nobody has the stream any more.
        reading.join(PATIENCE)
        assert not reading.is_alive()
        process.stderr.close()


def test_what_is_there_is_done_first_and_then_what_arrives(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "there.wav").write_text("say there")
    (folder / "done.wav").write_text("say anew")
    (folder / "done.txt").write_text("kept")
    with watching(folder) as watcher:
        number, *there = watcher.texts("below/there.txt")
        assert there == ["there"]
        (folder / "copied.wav").write_text("say copied")
        outside = tmp_path / "moved.wav"
        outside.write_text("say moved")
        (folder / "new").mkdir()
        outside.rename(folder / "new" / "moved.wav")
        with (folder / "slow.wav").open("w") as stream:
            stream.write("say half\n")
            stream.flush()
            assert watcher.texts("copied.txt") == [number, "copied"]
            assert watcher.texts("new/moved.txt") == [number, "moved"]
            time.sleep(4 * stand_in.SETTLE)
            assert not (folder / "slow.txt").exists()
            stream.write("say whole")
        assert watcher.texts("slow.txt") == [number, "half", "whole"]
        assert watcher.end() == 128 + signal.SIGTERM
    assert (folder / "done.txt").read_text() == "kept"
    names = ("below/there", "copied", "new/moved", "slow")
    assert sorted(watcher.lines) == sorted(
        [
            f"watching {folder}",
            *(f"{folder}/{name}.wav: done" for name in names),
            "transcriber: interrupted; the same command goes on",
        ]
    )


def test_an_arrival_is_noticed_at_once_not_at_the_next_look(tmp_path: Path) -> None:
    with watching(tmp_path / "in") as watcher:
        wait_for(lambda: watcher.lines)
        time.sleep(0.5)
        # Who opens a file to write while it is looked at causes this one, which is no end.
        watcher.process.send_signal(signal.SIGIO)
        begun = time.monotonic()
        (watcher.folder / "a.wav").write_text("say hello")
        watcher.texts("a.txt")
        # A look without notice comes after 5 seconds, and the file must settle after that.
        assert time.monotonic() - begun < 2.5


def test_a_failure_is_told_once_and_tried_again_when_the_file_changes(tmp_path: Path) -> None:
    with watching(tmp_path / "in") as watcher:
        path = watcher.folder / "a.wav"
        path.write_text("fail it is broken")
        wait_for(lambda: watcher.told("it is broken"))
        (watcher.folder / "b.wav").write_text("say b")
        watcher.texts("b.txt")
        assert sum("it is broken" in line for line in watcher.lines) == 1
        path.write_text("say mended")
        assert watcher.texts("a.txt")[1:] == ["mended"]


def test_what_may_pass_is_tried_again_and_told_once(tmp_path: Path) -> None:
    room = tmp_path / "room"
    # Also by the next process that decodes.
    with watching(tmp_path / "in", keep_alive=0.1) as watcher:
        (watcher.folder / "a.wav").write_text(f"say a\nawait {room}")
        wait_for(lambda: watcher.told("there is no"))
        time.sleep(6)
        assert not (watcher.folder / "a.txt").exists()
        room.touch()
        assert watcher.texts("a.txt")[1:] == ["a"]
    assert sum("there is no" in line for line in watcher.lines) == 1


def test_a_clash_is_told_once_and_holds_nothing_else_back(tmp_path: Path) -> None:
    with watching(tmp_path / "in") as watcher:
        for name in ("talk", "talk.txt"):
            (watcher.folder / name).write_bytes(b"RIFF\0\0\0\0WAVE")
        wait_for(lambda: watcher.told("would overwrite what is read"))
        for name in ("b", "c"):
            (watcher.folder / f"{name}.wav").write_text(f"say {name}")
            assert watcher.texts(f"{name}.txt")[1:] == [name]
    assert sum("would overwrite" in line for line in watcher.lines) == 1


def test_what_goes_while_it_waits_is_told_in_a_line(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number:02}.wav").write_text("rest 0.3\nsay it" if not number else "say it")
    with watching(folder) as watcher:
        wait_for(lambda: watcher.lines)
        time.sleep(2 * stand_in.SETTLE)
        # One of them is in the hand of the process that decodes, the other is not.
        (folder / "05.wav").unlink()
        (folder / "11.wav").rename(folder / "12.wav")
        watcher.texts("12.txt")
        assert not (folder / "05.txt").exists()
    for name in ("05.wav", "11.wav"):
        assert watcher.lines.count(f"{folder}/{name}: is no longer there") == 1


def test_the_process_that_decodes_ends_without_work_and_comes_back(tmp_path: Path) -> None:
    with watching(tmp_path / "in", keep_alive=0.3) as watcher:
        (watcher.folder / "a.wav").write_text("say a")
        number = watcher.texts("a.txt")[0]
        wait_for(lambda: not Path("/proc", number).exists())
        (watcher.folder / "b.wav").write_text("rest 1\nsay b")
        assert watcher.texts("b.txt")[0] != number
    assert not watcher.told("transcriber:")


def test_what_kills_the_process_that_decodes_ends_one_recording(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.wav").write_text("say a")
    (folder / "b.wav").write_text("die")
    (folder / "c.wav").write_text("say c")
    with watching(folder) as watcher:
        assert watcher.texts("a.txt")[1:] == ["a"]
        assert watcher.texts("c.txt")[1:] == ["c"]
        wait_for(lambda: watcher.told("signal 9"))
        (folder / "d.wav").write_text("say d")
        assert watcher.texts("d.txt")[1:] == ["d"]
        assert watcher.process.poll() is None
    (line,) = (line for line in watcher.lines if line.startswith("transcriber:"))
    assert line == (
        f"transcriber: {folder}/b.wav: signal 9 has ended the process that decodes: it is left "
        "alone until it changes"
    )


def test_what_ends_the_process_for_one_recording_leaves_the_watch(tmp_path: Path) -> None:
    with watching(tmp_path / "in") as watcher:
        (watcher.folder / "a.wav").write_text("stop")
        wait_for(lambda: watcher.told("nothing decodes: mend it"))
        (watcher.folder / "b.wav").write_text("say b")
        watcher.texts("b.txt")
    assert sum("nothing decodes" in line for line in watcher.lines) == 1


def test_without_a_model_it_ends_at_the_start(tmp_path: Path) -> None:
    with watching(tmp_path / "in", "--offline") as watcher:
        assert watcher.process.wait(PATIENCE) == 8
    assert watcher.lines[-1] == "transcriber: there is no model: get it"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_both_processes(tmp_path: Path, number: int) -> None:
    with watching(tmp_path / "in") as watcher:
        (watcher.folder / "a.wav").write_text("rest 60")
        (watcher.folder / "b.wav").write_text("rest 60")
        wait_for(lambda: watcher.lines)
        time.sleep(1)
        assert watcher.end(number) == 128 + number
    assert watcher.lines[1:] == ["transcriber: interrupted; nothing was decoded yet"]


def test_a_killed_watch_leaves_no_process_and_another_goes_on(tmp_path: Path) -> None:
    with watching(tmp_path / "in") as first:
        (first.folder / "a.wav").write_text("rest 1.5\nsay a")
        wait_for(lambda: first.lines)
        time.sleep(1)
        assert first.end(signal.SIGKILL) == -signal.SIGKILL
        with watching(tmp_path / "in") as second:
            second.texts("a.txt")


def test_a_second_watch_of_the_same_folder_is_refused(tmp_path: Path) -> None:
    with watching(tmp_path / "in") as first:
        wait_for(lambda: first.lines)
        with watching(tmp_path / "in") as second:
            assert second.process.wait(PATIENCE) == 2
    assert second.lines == [
        f"transcriber: another process watches {tmp_path / 'in'} already: end it first, or let it "
        "do so"
    ]


def test_an_output_folder_has_the_inner_structure(tmp_path: Path) -> None:
    with watching(tmp_path / "in", "--output_dir", str(tmp_path / "out")) as watcher:
        (watcher.folder / "below").mkdir()
        (watcher.folder / "below" / "a.wav").write_text("say a")
        watcher.texts("../out/below/a.txt")


def test_json_and_quiet_hold(tmp_path: Path) -> None:
    with watching(tmp_path / "in", "--progress", "json") as watcher:
        (watcher.folder / "a.wav").write_text("fail it is broken")
        wait_for(lambda: watcher.told("broken"))
        watcher.end()
    events = [json.loads(line)["event"] for line in watcher.lines]
    assert events == ["note", "fail", "interrupted"]
    with watching(tmp_path / "in", "--quiet") as watcher:
        wait_for(lambda: watcher.told("broken"))
        watcher.end()
    assert [line.partition(";")[0] for line in watcher.lines] == [
        "transcriber: it is broken",
        "transcriber: interrupted",
    ]
