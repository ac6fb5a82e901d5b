from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desktops import Desktop

from transcriber.errors import DesktopError
from transcriber.x11 import selection
from transcriber.x11.connection import Connection, connect
from transcriber.x11.selection import Keeper, take_selections
from x11.windows import SELECTION_NOTIFY, Window, await_event

TEXT = "Grüße, 5 €\nzweite Zeile\r\n\N{GRINNING FACE}"
LONG = "Größe €uro " * 90_000


def clip(session: Desktop, *words: str, text: str = "") -> bytes:
    """Run xclip on the clipboard."""
    done = subprocess.run(
        [session.folder / "bin/xclip", "-selection", "clipboard", *words],
        env=session.environment,
        input=text.encode(),
        stdout=subprocess.DEVNULL if text else subprocess.PIPE,
        timeout=20,
        check=True,
    )
    return done.stdout or b""


@pytest.fixture
def keepers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Collect the processes that keep a text, and end them."""
    found: list[subprocess.Popen[bytes]] = []

    class Collected(subprocess.Popen[bytes]):
        def __init__(self, *words: Any, **options: Any) -> None:
            super().__init__(*words, **options)
            found.append(self)

    monkeypatch.setattr("transcriber.x11.selection.subprocess.Popen", Collected)
    yield found
    for keeper in found:
        if keeper.poll() is None:
            os.kill(keeper.pid, signal.SIGKILL)
        keeper.wait(10)


Keepers = list[subprocess.Popen[bytes]]


def test_another_program_reads_what_was_copied(x_server: Desktop, keepers: Keepers) -> None:
    take_selections(TEXT, secret=True)
    assert clip(x_server, "-o").decode() == TEXT
    # Again and again, and in each form.
    assert clip(x_server, "-o", "-t", "text/plain;charset=utf-8").decode() == TEXT
    assert clip(x_server, "-o", "-t", "STRING") == TEXT.encode("latin-1", "replace")
    assert clip(x_server, "-o", "-t", "x-kde-passwordManagerHint") == b"secret"
    assert int(clip(x_server, "-o", "-t", "TIMESTAMP")) > 0
    assert clip(x_server, "-o", "-t", "TARGETS").decode().split() == [
        *("TARGETS", "STRING", "TIMESTAMP", "UTF8_STRING"),
        *("text/plain;charset=utf-8", "x-kde-passwordManagerHint"),
    ]


def test_only_a_secret_is_marked_as_one(x_server: Desktop, keepers: Keepers) -> None:
    take_selections(TEXT, secret=False)
    assert b"x-kde-passwordManagerHint" not in clip(x_server, "-o", "-t", "TARGETS")


def test_a_long_text_arrives_whole_for_several_at_once(x_server: Desktop, keepers: Keepers) -> None:
    take_selections(LONG, secret=False)
    assert len(LONG.encode()) > 1_000_000
    command = [str(x_server.folder / "bin/xclip"), "-selection", "clipboard", "-o"]
    readers = [
        subprocess.Popen(command, env=x_server.environment, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    for reader in readers:
        assert reader.communicate(timeout=20)[0].decode() == LONG


def test_an_empty_text_is_one(x_server: Desktop, keepers: Keepers) -> None:
    take_selections("", secret=False)
    assert clip(x_server, "-o") == b""


def test_who_keeps_the_text_ends_when_something_else_is_copied(
    x_server: Desktop, keepers: Keepers
) -> None:
    take_selections(TEXT, secret=False)
    take_selections("second", secret=False)
    assert keepers[0].wait(10) == 0
    assert clip(x_server, "-o") == b"second"
    clip(x_server, "-i", text="from elsewhere")
    assert keepers[1].wait(10) == 0
    assert clip(x_server, "-o") == b"from elsewhere"


def test_both_selections_are_kept_until_both_are_taken(x_server: Desktop, keepers: Keepers) -> None:
    take_selections(TEXT, secret=False, names=("CLIPBOARD", "PRIMARY"))
    clip(x_server, "-i", text="from elsewhere")
    assert clip(x_server, "-o", "-selection", "primary").decode() == TEXT
    assert keepers[0].poll() is None
    clip(x_server, "-i", "-selection", "primary", text="as well")
    assert keepers[0].wait(10) == 0


def test_who_is_reading_gets_the_text_that_was_there(
    x_server: Desktop, keepers: Keepers, tmp_path: Path
) -> None:
    take_selections(LONG, secret=False)
    with connect() as reader:
        window = reader.make_window(1 << 22)
        names = ("CLIPBOARD", "UTF8_STRING", "HERE")
        clipboard, kind, here = map(reader.atom, names)
        reader.send(24, 0, struct.pack("<5I", window, clipboard, kind, here, 0))
        await_event(reader, SELECTION_NOTIFY)
        take_selections("second", secret=False)
        got = b""
        # Deleting what was read asks for the next piece.
        while True:
            answer = reader.ask(20, 1, struct.pack("<5I", window, here, 0, 0, 1 << 20))
            (found, length) = struct.unpack_from("<I4xI", answer, 8)
            if found == kind:
                got += answer[32 : 32 + length]
                if not length:
                    break
            time.sleep(0.01)
        assert got.decode() == LONG
    assert keepers[0].wait(10) == 0


def test_a_reader_that_goes_away_half_way_does_no_harm(
    x_server: Desktop, keepers: Keepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_selections(LONG, secret=False)
    with connect() as reader:
        window = reader.make_window(0)
        numbers = map(reader.atom, ("CLIPBOARD", "UTF8_STRING", "HERE"))
        reader.send(24, 0, struct.pack("<5I", window, *numbers, 0))
        await_event(reader, SELECTION_NOTIFY)
    assert clip(x_server, "-o").decode() == LONG
    clip(x_server, "-i", text="from elsewhere")
    assert keepers[0].wait(20) == 0


def test_all_that_was_sent_is_done_before_the_keeper_leaves(x_server: Desktop) -> None:
    """The server may drop what is under way when a client closes: here a request that fails."""
    with connect() as connection:
        keeper = Keeper(connection, connection.make_window(0), TEXT, when=1, secret=False)
        connection.send(8, 0, struct.pack("<I", 1))
        keeper.serve(0)
        assert connection.failures() == []


def test_what_nobody_has_is_refused(x_server: Desktop, keepers: Keepers) -> None:
    take_selections(TEXT, secret=False)
    with Window() as window:
        assert window.selection("CLIPBOARD") == TEXT
        assert window.selection("CLIPBOARD", "image/png") == ""


def test_the_one_that_asks_before_the_keeper_runs_is_answered(
    x_server: Desktop, keepers: Keepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clipboard manager asks in the moment of the change, while we still wait for an answer."""
    manager = connect()
    window = manager.make_window(0)
    numbers = [manager.atom(name) for name in ("CLIPBOARD", "UTF8_STRING", "HERE")]
    original = Connection.ask

    def ask(connection: Connection, opcode: int, data: int = 0, body: bytes = b"") -> bytes:
        answer = original(connection, opcode, data, body)
        if opcode == 23:
            manager.send(24, 0, struct.pack("<5I", window, *numbers, 0))
            assert not manager.failures()
            assert not connection.failures()
            assert len(connection.unread()) == 32
        return answer

    monkeypatch.setattr(Connection, "ask", ask)
    take_selections(TEXT, secret=False)
    with manager:
        await_event(manager, SELECTION_NOTIFY)
        answer = original(manager, 20, 0, struct.pack("<5I", window, numbers[2], 0, 0, 1000))
        assert answer[32 : 32 + len(TEXT.encode())].decode() == TEXT


def test_the_keeper_holds_nothing_of_ours(x_server: Desktop, tmp_path: Path) -> None:
    """Whoever waits for the end of our output, or for our lock, does not wait for the keeper."""
    lock = tmp_path / "lock"
    script = (
        "import fcntl, os, subprocess\n"
        "from transcriber.x11.selection import take_selections\n"
        "class Told(subprocess.Popen):\n"
        "    def __init__(self, *words, **options):\n"
        "        super().__init__(*words, **options)\n"
        "        print(self.pid)\n"
        "subprocess.Popen = Told\n"
        f"file = open({str(lock)!r}, 'w')\n"
        "os.set_inheritable(file.fileno(), True)\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "take_selections('kept', secret=False)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        timeout=20,
        check=True,
    )
    assert done.stderr == b""
    assert clip(x_server, "-o") == b"kept"
    keeper = Path("/proc") / done.stdout.decode().strip()
    held = {str(entry.readlink()) for entry in (keeper / "fd").iterdir()}
    assert str(lock) not in held
    assert len([entry for entry in held if entry.startswith("socket:")]) == 1
    assert (keeper / "cwd").readlink() == Path("/")
    assert os.getsid(int(keeper.name)) == int(keeper.name)
    clip(x_server, "-i", text="from elsewhere")


def test_a_server_that_gives_nothing_is_told(
    x_server: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "_SET_OWNER", 127)
    with pytest.raises(DesktopError, match="gives CLIPBOARD to somebody else"):
        take_selections(TEXT, secret=False)


def test_a_keeper_that_does_not_start_is_told(
    x_server: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "native_executable", lambda: Path("/nowhere/program"))
    with pytest.raises(DesktopError, match=r"does not start: .*/nowhere/program"):
        take_selections(TEXT, secret=False)


def test_the_native_program_is_told_what_it_is_to_do(
    x_server: Desktop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, keepers: Keepers
) -> None:
    program = tmp_path / "program"
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        "from transcriber.x11.selection import COMMAND, main\n"
        "assert sys.argv[1] == COMMAND == '__keep_selection__'\n"
        "sys.exit(main(sys.argv[2:]))\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(selection, "native_executable", lambda: program)
    take_selections(TEXT, secret=False)
    assert clip(x_server, "-o").decode() == TEXT
