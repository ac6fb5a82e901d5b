"""The dictations that a user wants to be kept."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from transcriber.dictation import history
from transcriber.dictation.history import Dictation
from transcriber.errors import StorageError


def dictation(time: float, text: str = "Something.") -> Dictation:
    return Dictation(time=time, seconds=2.5, language="en", text=text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / history.FILE


def test_it_lies_in_the_users_folder_of_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert history.history_file() == tmp_path / "whisper-transcriber" / "dictations.jsonl"


def test_the_latest_comes_first(path: Path) -> None:
    texts = ["One.", 'Two "lines":\nhere\r\u2028there', "Ünï, 日本語 🙂"]
    for number, text in enumerate(texts):
        history.add(path, dictation(1e9 + number / 8, text))
    assert [one.text for one in history.last(path, 10)] == texts[::-1]
    assert history.last(path, 1) == [dictation(1e9 + 0.25, texts[2])]
    assert history.last(path, 0) == []
    assert len(path.read_bytes().split(b"\n")) == 4


def test_none_is_kept_at_first(path: Path) -> None:
    assert history.last(path, 5) == []
    assert not history.remove(path, 1)
    history.clear(path)
    assert not path.parent.exists()


def test_only_its_owner_reads_it(path: Path) -> None:
    umask = os.umask(0)
    try:
        history.add(path, dictation(1))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o644)
        history.add(path, dictation(2))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert history.remove(path, 1)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(umask)


def test_one_is_removed(path: Path) -> None:
    for time in (1.25, 2.5, 3.75):
        history.add(path, dictation(time))
    assert history.remove(path, 2.5)
    assert not history.remove(path, 2.5)
    assert [one.time for one in history.last(path, 9)] == [3.75, 1.25]
    history.clear(path)
    assert history.last(path, 9) == []
    assert not path.exists()


@pytest.mark.parametrize(
    "rest", [b'{"time": 5, "seco', b"\xff\xfe", b'{"time": "x"}', b"[1]", b"7"]
)
def test_a_line_that_was_cut_takes_no_other_with_it(path: Path, rest: bytes) -> None:
    history.add(path, dictation(1))
    with path.open("ab") as stream:
        stream.write(rest)
    history.add(path, dictation(2))
    assert [one.time for one in history.last(path, 9)] == [2, 1]
    # What cannot be read is not thrown away, either.
    assert history.remove(path, 1)
    assert rest in path.read_bytes()


def test_a_full_disk_leaves_what_there_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history.add(path, dictation(1))
    before = path.read_bytes()
    write, calls = os.write, []

    def half(descriptor: int, data: memoryview) -> int:
        calls.append(data)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:10])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(StorageError, match=r"cannot write .*dictations\.jsonl: No space left"):
        history.add(path, dictation(2))
    assert path.read_bytes() == before


def test_it_is_on_the_disk_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: sizes.append(os.fstat(descriptor).st_size))
    history.add(path, dictation(1))
    assert path.stat().st_size in sizes


def test_what_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot read .*: Is a directory"):
        history.last(tmp_path, 3)
    with pytest.raises(StorageError, match="cannot write "):
        history.add(tmp_path, dictation(1))
    with pytest.raises(StorageError, match="cannot remove "):
        history.clear(tmp_path)


def test_nothing_is_lost_when_several_write_and_one_removes(path: Path) -> None:
    def write(first: int) -> None:
        for number in range(20):
            history.add(path, dictation(first + number))

    threads = [threading.Thread(target=write, args=(100 * number,)) for number in range(1, 4)]
    for thread in threads:
        thread.start()
    removed = set[float]()
    while any(thread.is_alive() for thread in threads):
        for one in history.last(path, 1):
            if history.remove(path, one.time):
                removed.add(one.time)
    for thread in threads:
        thread.join()
    left = {one.time for one in history.last(path, 99)}
    assert not left & removed
    assert left | removed == {100 * first + n for first in range(1, 4) for n in range(20)}


def test_what_was_added_survives_the_end_of_the_process(path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path;"
        "from transcriber.dictation.history import *;"
        "add(Path(sys.argv[1]), Dictation(time=7, seconds=1, language='de', text='Hallo.'));"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert [one.text for one in history.last(path, 9)] == ["Hallo."]
