"""The entry: what is loaded for what, and how failures end."""

from __future__ import annotations

import subprocess
import sys
import wave
from importlib import metadata
from pathlib import Path

import pytest
from conftest import Run

from transcriber import __main__, __version__

HEAVY = ("torch", "numpy", "whisper", "tqdm", "ffmpeg", "urllib.request", "ssl")


def imported_modules(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "transcriber", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["models", "--help"]])
def test_answers_load_nothing_heavy(arguments: list[str]) -> None:
    modules = imported_modules(*arguments)
    assert "transcriber.errors" in modules
    assert modules.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "arguments",
    [
        ["models", "list"],
        ["models", "path", "base"],
        ["models", "verify"],
        ["models", "remove", "base"],
        ["models", "fetch", "base", "--offline"],
    ],
    ids=" ".join,
)
def test_the_store_does_without_torch(arguments: list[str], tmp_path: Path) -> None:
    modules = imported_modules(*arguments, "--model_dir", str(tmp_path))
    assert "transcriber.errors" in modules
    assert modules.isdisjoint({"torch", "numpy", "whisper"})


def test_the_doctor_loads_no_torch_but_our_own(tmp_path: Path) -> None:
    modules = imported_modules("doctor", "--model_dir", str(tmp_path))
    assert "transcriber.errors" in modules
    assert "whisper" not in modules
    assert ("torch" in modules) == ("+whisper" in metadata.version("torch"))


def test_the_version_takes_next_to_nothing() -> None:
    modules = imported_modules("--version")
    assert modules == imported_modules("-V")
    ours = {name for name in modules if name.partition(".")[0] == "transcriber"}
    parts = ("errors", "files", "interruption", "leftovers", "streams")
    assert ours == {"transcriber", *(f"transcriber.{part}" for part in parts)}
    assert modules.isdisjoint({"argparse", "dataclasses", "inspect", "subprocess", "threading"})


def test_the_start_looks_nothing_up() -> None:
    modules = imported_modules("--help")
    assert {"transcriber.languages", "transcriber.machine.packages"} <= modules
    assert modules.isdisjoint({"tomllib", "importlib.resources", "importlib.metadata", "email"})


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["-V"], ["--version", "a.wav"], ["a.wav", "--vers"], ["a.wav", "-V"]],
)
def test_version(run: Run, arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 0
    assert done.stdout == f"transcriber {__version__}\n"


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (["help"], ["--help"]),
        (["help", "help"], ["--help"]),
        (["--help-all"], ["--help_all"]),
        (["help", "models"], ["models", "--help"]),
        (["help", "models", "fetch"], ["models", "fetch", "--help"]),
        (["models", "help", "import"], ["models", "import", "--help"]),
        (["models", "help"], ["models", "--help"]),
        (["help", "cuda"], ["cuda", "--help"]),
        (["help", "doctor"], ["doctor", "--help"]),
        (["doctor", "help"], ["doctor", "--help"]),
    ],
    ids=" ".join,
)
def test_help_is_a_word_too(run: Run, asked: list[str], meant: list[str]) -> None:
    done, full = run(*asked), run(*meant)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == full.stdout
    assert done.stdout.startswith("usage: transcriber")


@pytest.mark.parametrize("name", ["jobs", "desktop"])
def test_a_recording_called_like_a_sub_command(
    run: Run, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without a screen no page is shown.
    for screen in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(screen, raising=False)

    def told() -> str:
        done = run(name, cwd=tmp_path, stdin=subprocess.DEVNULL)
        assert done.returncode == 2
        return done.stderr

    hint = f"; or give ./{name} if the recording is meant\n"
    assert not told().endswith(hint)
    (tmp_path / name).touch()
    assert told().endswith(hint)
    # By that it is found, and no sub-command.
    assert f" {name} is empty" in run(f"./{name}", cwd=tmp_path).stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "RECORDING"),
        (["help", "transcribe"], 2, "no sub-command transcribe"),
        (["help", "--models"], 2, "no sub-command --models"),
        (["@/nonexistent/list.txt"], 3, "/nonexistent/list.txt"),
        (["-f", "srt,doc", "a.wav"], 2, "srt,doc"),
        (["--subtitles", "long", "a.wav"], 2, "long"),
        (["--no_such_option", "a.wav"], 2, "--no_such_option"),
        (["--beam_size", "0", "a.wav"], 2, "--beam_size"),
        (["models", "explode"], 2, "explode"),
        (["/nonexistent/a.wav"], 3, "/nonexistent/a.wav"),
        (["/nonexistent/*.wav"], 3, "/nonexistent/*.wav"),
        (["x" * 300 + ".wav"], 3, "x" * 300),
        (["--model", "", "a.wav"], 2, "--model"),
        (["--device", "tpu", "a.wav"], 2, "tpu"),
        (["--clip_timestamps", "1e307", "a.wav"], 2, "--clip_timestamps"),
        (["--ffmpeg", "/nonexistent/ffmpeg", "a.wav"], 8, "/nonexistent/ffmpeg"),
    ],
    ids=str,
)
def test_a_failure_is_one_line_and_its_exit_code(
    run: Run, arguments: list[str], code: int, message: str
) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("transcriber: ")


def test_an_unknown_model_is_one_line(run: Run, tmp_path: Path) -> None:
    recording = tmp_path / "a.wav"
    with wave.open(str(recording), "wb") as stream:
        stream.setparams((1, 2, 16000, 0, "NONE", "not compressed"))
        stream.writeframes(bytes(3200))
    done = run("--model", "huge", recording)
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1


def test_a_defect_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: list[str]) -> int:
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr(__main__, "_dispatch", fail)
    monkeypatch.setattr(__main__, "end_at_signals", lambda: None)
    assert __main__.main([]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "transcriber: this is a defect of the program: ZeroDivisionError: two lines: please report "
        "it with the output of the same command under TRANSCRIBER_DEBUG=1"
    ]
    monkeypatch.setenv(__main__.DEBUG_VARIABLE, "1")
    __main__.main([])
    assert "Traceback" in capsys.readouterr().err
