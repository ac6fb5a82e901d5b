"""The sub-command ``dictate``: from real speech in a microphone to the clipboard and a window."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Run, program
from desktops import Desktop, desktop
from utterance import Utterance
from x11.windows import Window

from commands.live_desk import SOUND, alike, kill_recorder, needs, speak, speech, start
from transcriber.commands import dictate
from transcriber.dictation import history, remote_desktop
from transcriber.dictation.control import ask
from transcriber.errors import DesktopError
from transcriber.options.parser import Parser

OFFERED = ("Xvfb", "xclip", *SOUND)


@pytest.fixture
def options(models: Path) -> list[str]:
    return ["--model", "tiny.en", "--model_dir", str(models), "--offline"]


@pytest.fixture
def desk() -> Iterator[Desktop]:
    # There is one dictation of a user's at a time.
    end = time.monotonic() + 60
    while ask("status") is not None:
        assert time.monotonic() < end, "a dictation runs"
        time.sleep(0.5)
    with desktop() as session:
        session.start_x_server()
        session.start_pulseaudio()
        session.offer("parec", "paplay", "xclip")
        yield session


def given(*words: str) -> list[str]:
    """Return what a dictation is started with by a listener that was given `words`."""
    parser = Parser()
    dictate.add_arguments(parser)
    arguments, rest = parser.parse_known_args(words)
    arguments.options = rest
    return dictate._words(arguments)


def call(session: Desktop, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        program(["dictate", *words]),
        env=session.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def await_recording(session: Desktop) -> None:
    end = time.monotonic() + 30
    while json.loads(call(session, "status").stdout).get("seconds", 0) == 0:
        assert time.monotonic() < end
        time.sleep(0.1)


def clipboard(session: Desktop, *words: str) -> str:
    return session.run("xclip", "-o", "-selection", "clipboard", *words).stdout


def test_a_listener_hands_on_what_it_was_given() -> None:
    assert given("--hot_key", "F5", "--hold", "--last", "3") == []
    assert given("--paste", "no", "--paste=piece", "--history", "--model", "base", "--hold") == [
        *("--paste=piece", "--history", "--model", "base")
    ]
    assert given("--hot_key=F5", "--pause", "1.5", "--corrections", "a b", "--", "x") == [
        *("--pause=1.5", "--corrections=a b", "--", "x")
    ]


def test_an_option_of_transcriptions_is_not_taken_for_one_of_dictations() -> None:
    assert given("--hotwords", "Ulm") == ["--hotwords", "Ulm"]


def test_mistakes_are_told_in_one_line(run: Run) -> None:
    for words, told in (
        (("base",), "dictate takes no recording: base"),
        (("start", "--clear"), "--clear is of the history"),
        (("start", "--prompt_file", "absent"), "absent"),
        (("start", "--corrections", "absent"), "absent"),
        (("listen", "--paste", "never"), "--paste"),
        (("listen", "--queue"), "--queue"),
    ):
        done = run("dictate", *words)
        assert done.returncode != 0
        assert told in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_history_is_printed_and_cleared(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for number in range(3):
        kept = history.Dictation(time=1e9 + number, seconds=1, language="en", text=f"No {number}.")
        history.add(history.history_file(), kept)
    printed = run("dictate", "history", "--last", "2").stdout.splitlines()
    assert [line.partition("  ")[2] for line in printed] == ["No 1.", "No 2."]
    # Options may stand before it.
    assert "No 0." in run("dictate", "--history", "history").stdout
    assert run("dictate", "history", "--clear").returncode == 0
    assert run("dictate", "history").stdout == ""


@pytest.mark.parametrize(
    ("display", "tool", "asked"), [("wayland-0", "", 1), ("wayland-0", "wtype", 0), ("", "", 0)]
)
def test_wayland_asks_for_the_keys_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, display: str, tool: str, asked: int
) -> None:
    questions = []

    def prepare() -> None:
        questions.append(1)
        raise DesktopError("no such portal")

    monkeypatch.setattr(remote_desktop, "prepare", prepare)
    monkeypatch.setenv("WAYLAND_DISPLAY", display)
    monkeypatch.setenv("PATH", str(tmp_path))
    if tool:
        (tmp_path / tool).touch(0o755)
    dictate._ask_for_keys()
    assert len(questions) == asked


@pytest.mark.slow
@needs(*OFFERED)
def test_from_the_microphone_to_the_clipboard(
    desk: Desktop, run: Run, options: list[str], utterances: list[Utterance], tmp_path: Path
) -> None:
    path = speech([utterances[0], utterances[3]], tmp_path / "both.wav", pause=1.0)
    assert json.loads(call(desk, "status").stdout) == {"state": "idle"}
    stopped = call(desk, "stop")
    assert "no dictation runs" in stopped.stderr
    assert stopped.returncode == 2
    process = start(desk, "dictate", "toggle", *options)
    await_recording(desk)
    second = call(desk, "start", *options)
    assert second.returncode == 2
    assert second.stderr.splitlines() == [
        "transcriber: a dictation runs already: end it by `transcriber dictate stop`"
    ]
    speak(desk, path)
    status = json.loads(call(desk, "status").stdout)
    assert status["state"] == "recording"
    assert status["seconds"] > 13
    assert call(desk, "toggle", *options).returncode == 0
    # Once it is answered, the text is there.
    text = clipboard(desk)
    told, complaints = process.communicate(timeout=30)
    assert process.returncode == 0, complaints
    assert told == f"{text}\n"
    written = tmp_path / "written"
    run(path, *options, "-f", "txt", "-o", written, "--verbose", "False")
    assert alike(text, (written / "both.txt").read_text()) > 0.9
    # Programs that keep what was copied are asked not to.
    assert clipboard(desk, "-t", "x-kde-passwordManagerHint") == "secret"


@needs(*OFFERED)
def test_ctrl_c_ends_a_listener_without_a_complaint(desk: Desktop, options: list[str]) -> None:
    process = start(desk, "dictate", "listen", *options)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("waiting for Ctrl+Alt+Q")
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=30)
    assert (process.returncode, complaints) == (0, "")


@pytest.mark.slow
@needs(*OFFERED)
def test_pasted_piece_by_piece(
    desk: Desktop,
    options: list[str],
    utterances: list[Utterance],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # So short a piece waits for a pause of two seconds.
    path = speech([utterances[0], utterances[3]], tmp_path / "both.wav", pause=2.6)
    monkeypatch.setenv("DISPLAY", desk.environment["DISPLAY"])
    for name in ("WAYLAND_DISPLAY", "XAUTHORITY"):
        monkeypatch.delenv(name, raising=False)
    pasted = list[str]()
    with Window() as window:
        process = start(desk, "dictate", "start", "--paste", "piece", "--no_chimes", *options)
        await_recording(desk)

        def collect() -> None:
            for _ in range(2):
                pasted.append(window.pasted())

        speak(desk, path)
        process.send_signal(signal.SIGTERM)
        thread = threading.Thread(target=collect)
        thread.start()
        told, complaints = process.communicate(timeout=60)
        thread.join(30)
    assert process.returncode == 0, complaints
    assert len(pasted) == 2
    assert f"{''.join(pasted)}\n" == told
    assert clipboard(desk) == told.removesuffix("\n")


@pytest.mark.slow
@needs(*OFFERED)
def test_a_recorder_that_is_killed_keeps_the_text(
    desk: Desktop, options: list[str], utterances: list[Utterance]
) -> None:
    process = start(desk, "dictate", "start", "--no_chimes", *options)
    await_recording(desk)
    speak(desk, utterances[0].path)
    kill_recorder(process)
    told, complaints = process.communicate(timeout=60)
    assert process.returncode not in (0, 1)
    [line] = [line for line in complaints.splitlines() if not line.startswith("listening")]
    assert "no longer records Desk microphone" in line
    assert alike(told, utterances[0].reference) > 0.8
    assert clipboard(desk) == told.removesuffix("\n")
