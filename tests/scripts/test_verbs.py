"""The verbs, and how they run other programs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from buildkit.commands import ending_in_one_line, run, run_quietly
from buildkit.errors import LimitError, ToolError
from scripts import layout, transcribing, verbs
from scripts.native_program import EDITIONS

REPOSITORY = Path(__file__).resolve().parents[2]


def test_make_and_the_scripts_have_the_same_verbs() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    line = next(line for line in makefile.splitlines() if line.startswith("VERBS ="))
    assert line.split()[2:] == list(verbs._VERBS)
    for verb in verbs._VERBS:
        assert verb == "help" or f"make {verb} " in verbs.USAGE


def test_a_wrong_verb_or_setting_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["transscribe"], ["transcribe", "talk.mp3"], ["transcribe", "ARGS='"]):
        assert verbs.run(words) == 2
        error = capsys.readouterr().err
        assert error.startswith("set-up: ")
        assert error.count("\n") == 1
        assert words[-1].partition("=")[0] in error


def test_a_recording_that_is_missing_is_noticed_before_the_set_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        transcribing, "provide_native_program", lambda: pytest.fail("it was set up")
    )
    monkeypatch.setenv("AUDIO", str(tmp_path / "from the environment.mp3"))
    assert verbs.run(["transcribe"]) == 3
    assert "from the environment.mp3" in capsys.readouterr().err
    assert verbs.run(["transcribe", f"AUDIO={tmp_path}/a=b.mp3"]) == 3
    assert "a=b.mp3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("failure", "code", "line"),
    [
        (ToolError("no compiler", "install one"), 8, "build: no compiler: install one"),
        (OSError(28, "No space left on device"), 7, "No space left on device: mend that"),
        (KeyboardInterrupt(), 130, "build: interrupted; the same command goes on"),
    ],
)
def test_a_failure_of_a_recipe_is_one_line(
    capsys: pytest.CaptureFixture[str], failure: BaseException, code: int, line: str
) -> None:
    def work() -> int:
        raise failure

    assert ending_in_one_line("build", work) == code
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1
    assert ending_in_one_line("build", lambda: 3) == 3


def test_an_edition_that_does_not_exist_is_noticed_before_the_set_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verbs, "provide_appimages", lambda _: pytest.fail("it was set up"))
    assert verbs.run(["appimages", "EDITION=fat"]) == 2
    assert "ultra-lean, lean" in capsys.readouterr().err


def test_the_edition_with_cuda_is_built_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[list[str]] = []
    monkeypatch.setattr(verbs, "provide_appimages", lambda editions: built.append([*editions]))
    monkeypatch.setattr(verbs, "DISTRIBUTION", REPOSITORY / "scripts")
    for name in verbs.PUBLISHING:
        monkeypatch.setenv(name, "")
    assert verbs.run(["appimages", "EDITION=cuda"]) == 0
    assert verbs.run(["appimages", "EDITION="]) == 0
    assert built == [["cuda"], ["ultra-lean", "lean"]]


def test_the_address_of_the_addon_is_looked_at_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    packed: list[str] = []
    monkeypatch.setattr(verbs, "pack_addon", lambda: packed.append(os.environ["CUDA_ADDRESS"]))
    monkeypatch.setenv("CUDA_ADDRESS", "")
    assert verbs.run(["addon", "CUDA_ADDRESS=example.org"]) == 2
    assert "CUDA_ADDRESS=example.org is no address" in capsys.readouterr().err
    assert verbs.run(["addon", "CUDA_ADDRESS=https://example.org/files"]) == 0
    assert packed == ["https://example.org/files"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("UPDATE_ADDRESS=example.org/x", "no address of a web folder"),
        ("UPDATE_ADDRESS=ftp://example.org/x", "no address of a web folder"),
        ("UPDATE_ADDRESS=https://example.org/a b", "blank"),
        ("UPDATE_ADDRESS=https://example.org/a|b", "bar"),
        ("SIGN_KEY=nobody@example.invalid", "name another key"),
        ("MINISIGN_KEY=/nonexistent/key", "name another file"),
    ],
)
def test_what_publishing_needs_is_looked_at_before_the_set_up(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    setting: str,
    message: str,
) -> None:
    monkeypatch.setattr(verbs, "provide_appimages", lambda _: pytest.fail("it was set up"))
    monkeypatch.setenv("GNUPGHOME", str(tmp_path))
    assert verbs.run(["appimages", setting]) in (2, 8)
    assert message in capsys.readouterr().err or shutil.which("gpg") is None


def test_the_scripts_of_both_appimages_name_editions_that_exist() -> None:
    scripts = sorted(REPOSITORY.glob("build-*-appimage.sh"))
    named = {name for path in scripts for name in re.findall(r"EDITION=(\S+)", path.read_text())}
    assert named == set(EDITIONS) == {path.name[6:-12] for path in scripts}
    assert all(os.access(path, os.X_OK) for path in scripts)


def test_a_recording_is_transcribed_with_the_given_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\nprintf "[%s]" "$@"\nexit 0\n')
    program.chmod(0o755)
    recording = tmp_path / "it's $HOME.mp3"
    recording.touch()
    monkeypatch.setattr(transcribing, "NATIVE_PROGRAM", program)
    monkeypatch.setattr(transcribing, "provide_native_program", lambda: None)
    monkeypatch.setattr(transcribing, "is_stored", lambda _: True)
    words = [f"AUDIO={recording}", "MODEL=tiny.en", "ARGS=--initial_prompt 'two words'"]
    assert verbs.run(["transcribe", *words]) == 0
    output = capfd.readouterr().out
    assert output.startswith(
        f"[--model][tiny.en][--output_dir][{layout.TRANSCRIPTS}]"
        f"[--initial_prompt][two words][--][{recording}]"
    )
    assert "Transcribed in 0." in output


def test_make_hands_any_characters_to_the_scripts(tmp_path: Path) -> None:
    recording = tmp_path / """a "b" 'c' ;d.mp3"""
    done = subprocess.run(
        ["make", "transcribe", f"AUDIO={recording}", f"PYTHON={sys.executable}"],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert f"there is no {recording}" in done.stderr
    assert done.returncode


def test_clean_deletes_what_the_verbs_made_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(verbs, "CHECKOUT", tmp_path)
    monkeypatch.setattr(verbs, "CACHE", tmp_path / ".cache")
    monkeypatch.setattr(verbs, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(verbs, "DISTRIBUTION", tmp_path / "dist")
    for name in (
        ".venv/bin",
        "dist",
        "build/torch",
        ".cache/models",
        "some.egg-info",
        ".mypy_cache",
        "transcriber",
    ):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "talk.mp3").touch()
    speech = tmp_path / layout.DETECTOR
    speech.mkdir()
    for name in ("detector.bin", "detector-licence.txt", "detector.py"):
        (speech / name).touch()
    assert verbs.run(["clean"]) == 0
    assert [path.name for path in speech.iterdir()] == ["detector.py"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["talk.mp3", "transcriber"]


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    code = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))"
    command = [sys.executable, "-c", code + "; time.sleep(60)"]
    for runner in (run, run_quietly):
        start = time.monotonic()
        with pytest.raises(LimitError, match="took longer than 1 s"):
            runner(command, limit=1.0)
        assert time.monotonic() - start < 30
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_program_that_is_missing_is_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    for runner in (run, run_quietly):
        with pytest.raises(ToolError, match=f"cannot start {missing}"):
            runner([str(missing)])


def test_an_interrupted_program_ends_in_its_own_way(tmp_path: Path) -> None:
    child = (
        "import os, signal, sys, time\n"
        "def end(*_):\n"
        "    time.sleep(1.0)\n"
        # A handler may run within a print, which cannot be entered twice.
        "    os.write(1, b'saved\\n')\n"
        "    sys.exit(130)\n"
        "signal.signal(signal.SIGINT, end)\n"
        "os.write(1, b'ready\\n')\n"
        "time.sleep(60)\n"
    )
    parent = (
        "import sys\n"
        "from scripts import testing, verbs\n"
        "testing.accept_interruptions()\n"
        "from buildkit.commands import run\n"
        "verbs._VERBS = {'work': lambda _: run([sys.executable, '-c', sys.argv[1]])}\n"
        "sys.exit(verbs.run(['work']))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent, child],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert output == "saved\n"
    assert errors == "set-up: interrupted; the same command goes on\n"
    assert process.returncode == 130


def test_the_tests_can_run_in_the_background() -> None:
    ignored = (
        "import sys\n"
        "from signal import SIG_IGN, SIGINT, SIGQUIT, getsignal\n"
        "sys.exit([getsignal(number) for number in (SIGINT, SIGQUIT)].count(SIG_IGN))\n"
    )
    code = (
        "import sys\n"
        "from buildkit import commands\n"
        "from scripts import testing, verbs\n"
        "command = [sys.executable, '-c', sys.argv[1]]\n"
        "before = commands.run(command)\n"
        "testing.accept_interruptions()\n"
        "print(before, commands.run(command))\n"
    )
    done = subprocess.run(
        # As a shell starts a background job.
        ["sh", "-c", 'trap "" INT QUIT; exec "$@"', "sh", sys.executable, "-c", code, ignored],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("2 0\n", "")
