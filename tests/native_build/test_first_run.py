"""The first start of the real AppImage, in the places and by the users that it must cope with."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from utterance import Utterance

from appimage_tools import EXTRACTED, Variables, need_mounts, run, run_with_mounts
from native_build.editions import ULTRA_LEAN
from native_build.traced_runs import served
from scripts.layout import DISTRIBUTION

pytestmark = pytest.mark.slow

APPIMAGE = DISTRIBUTION / ULTRA_LEAN.appimage

Words = list[str | Path]

SAID = "had then leisure to consider"


@pytest.fixture(scope="module")
def mirror(models: Path) -> Iterator[str]:
    """Return the address of a server that has the models."""
    with served(models) as address:
        yield address


@pytest.fixture
def appimage() -> Path:
    assert APPIMAGE.is_file(), "`make appimages` builds it"
    return APPIMAGE


@pytest.fixture
def speech(utterances: list[Utterance]) -> Path:
    return utterances[0].path


@pytest.fixture(params=["mounted", "unpacked"])
def way(request: pytest.FixtureRequest, appimage: Path) -> Variables:
    if request.param == "unpacked":
        return EXTRACTED
    need_mounts(appimage)
    return {}


def transcript(folder: Path) -> str:
    return (folder / "sense_and_sensibility_01_austen_64kb-0870.txt").read_text()


def test_a_model_is_fetched_once_and_then_no_network_is_needed(
    appimage: Path, mirror: str, speech: Path, tmp_path: Path, way: Variables
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    words: Words = ["--model", "tiny.en", "-o", tmp_path, speech]
    first = run(appimage, "--model_mirror", mirror, *words, home=home, timeout=120, **way)
    assert first.returncode == 0, first.stderr
    assert SAID in first.stdout
    # Without a terminal, there are lines that say how far it is.
    assert re.search(r"tiny\.en.*\d+ ?%|tiny\.en.*MB", first.stderr)
    assert (home / ".cache/whisper/tiny.en.pt").is_file()
    for path in tmp_path.glob("*.txt"):
        path.unlink()
    again = run("unshare", "-n", appimage, *words, home=home, timeout=120, **way)
    if "unshare failed" in again.stderr:
        pytest.skip("only root can take the network away here")
    assert again.returncode == 0, again.stderr
    assert SAID in transcript(tmp_path)


def test_on_a_terminal_a_model_is_chosen_and_a_bar_shows_its_coming(
    appimage: Path, mirror: str, speech: Path, tmp_path: Path
) -> None:
    process, terminal = pty.fork()
    if process == 0:
        kept = {name: os.environ[name] for name in ("PATH", "TERM") if name in os.environ}
        words = [str(appimage), "-o", str(tmp_path), "--model_mirror", mirror, str(speech)]
        os.execve(appimage, words, {**kept, "HOME": str(tmp_path)})  # noqa: S606
    termios.tcsetwinsize(terminal, (24, 80))
    screen, asked = "", False
    try:
        while select.select([terminal], [], [], 120)[0]:
            try:
                screen += os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                break
            if not asked and "Number or name [" in screen:
                asked = True
                os.write(terminal, b"tiny.en\n")
    finally:
        # It has ended by itself, unless it waits for what nobody answers.
        os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, screen
    assert "recommended" in screen
    assert re.search(r"100 ?%", screen), screen
    assert SAID in transcript(tmp_path)
    assert (tmp_path / ".config/whisper-transcriber/model").read_text() == "tiny.en\n"


def test_a_link_to_it_with_blanks_and_letters(
    appimage: Path, models: Path, speech: Path, tmp_path: Path, way: Variables
) -> None:
    folder = tmp_path / "Größe 世界 'quoted'"
    folder.mkdir()
    copy, link = folder / "a b.AppImage", tmp_path / "transcribe it"
    shutil.copy(appimage, copy)
    link.symlink_to(copy)
    recording = folder / "mañana 1.wav"
    shutil.copy(speech, recording)
    words: Words = ["--model_dir", models, "--model", "tiny.en", "-o", folder, recording]
    done = run(link, *words, home=folder, timeout=120, **way)
    assert done.returncode == 0, done.stderr
    assert SAID in (folder / "mañana 1.txt").read_text()


def test_nobody_without_a_home_and_without_a_terminal(
    appimage: Path, models: Path, speech: Path, way: Variables
) -> None:
    # Not pytest's own folder, which no other user may enter.
    place = Path(tempfile.mkdtemp(prefix="first-run-"))
    place.chmod(0o1777)
    try:
        for path in (appimage, speech, models / "tiny.en.pt"):
            shutil.copy(path, place)
        words: Words = ["--model", place / "tiny.en.pt", "-o", place, place / speech.name]
        done = run(
            place / appimage.name,
            *words,
            home=Path("/nonexistent"),
            as_nobody=True,
            cwd=Path("/"),
            timeout=120,
            TMPDIR=place,
            **way,
        )
        assert done.returncode == 0, done.stderr
        assert SAID in transcript(place)
    finally:
        deadline = time.monotonic() + 10
        while [*place.glob(".mount_*")] and time.monotonic() < deadline:
            time.sleep(0.05)
        shutil.rmtree(place)


@pytest.mark.parametrize("trouble", ["ro", "size=1m"])
def test_a_home_that_is_read_only_or_full(
    appimage: Path, mirror: str, models: Path, speech: Path, tmp_path: Path, trouble: str
) -> None:
    home, output = tmp_path / "home", tmp_path / "output"
    home.mkdir()
    output.mkdir()
    script = f'mount -t tmpfs -o {trouble} none "$HOME"; "$@"; echo "code $?"'
    variables: Variables = {"HOME": home, "TMPDIR": output, "timeout": 120}
    # What is there already is used,
    words: Words = ["--model_dir", models, "--model", "tiny.en", "-o", output, speech]
    printed = run_with_mounts(script, appimage, *words, **variables, **EXTRACTED)
    assert SAID in transcript(output), printed
    # and what cannot be kept is told in one line, with the code for that.
    words = ["--model_mirror", mirror, "--model", "tiny.en", "-o", output, speech]
    script = script.replace('"$@"; echo', '"$@" || echo')
    printed = run_with_mounts(script, appimage, *words, **variables, **EXTRACTED)
    told = [line for line in printed.splitlines() if line.startswith("transcriber: ")]
    assert len(told) == 1, printed
    assert str(home) in told[0]
    assert "code 7" in printed.splitlines()
    assert "Traceback" not in printed


def test_a_temporary_folder_without_programs(
    appimage: Path, models: Path, speech: Path, tmp_path: Path, way: Variables
) -> None:
    output = tmp_path / "output"
    output.mkdir()
    (tmp_path / "noexec").mkdir()
    script = 'mount -t tmpfs -o noexec none "$TMPDIR"; "$@"'
    words: Words = ["--model_dir", models, "--model", "tiny.en", "-o", output, speech]
    printed = run_with_mounts(
        script, appimage, *words, HOME=tmp_path, TMPDIR=tmp_path / "noexec", timeout=120, **way
    )
    assert SAID in transcript(output), printed


def test_exit_codes_of_the_program_pass(
    appimage: Path, speech: Path, tmp_path: Path, way: Variables
) -> None:
    def code(*words: str | Path) -> int:
        return run(appimage, *words, home=tmp_path, **way).returncode

    assert code("--no-such-option") == 2
    assert code(tmp_path / "missing.wav") == 3
    assert code("--model", "no such model", speech) == 4
    assert code("--offline", "--model", "medium", speech) == 6


def test_it_says_what_it_was_started_from(appimage: Path, tmp_path: Path, way: Variables) -> None:
    done = run(appimage, "doctor", home=tmp_path, timeout=120, **way)
    found = re.search(r"(?m)^  AppImage +(\S+), (\w+) in /", done.stdout)
    assert found, done.stdout
    assert found.groups() == (str(appimage), "unpacked" if way else "mounted")


def test_the_entry_of_the_desktop_is_in_it(appimage: Path, tmp_path: Path) -> None:
    subprocess.run(
        [appimage, "--appimage-extract"], cwd=tmp_path, check=True, capture_output=True, timeout=60
    )
    root = tmp_path / "squashfs-root"
    entry = (root / "whisper-transcriber.desktop").read_text()
    assert "Exec=transcriber desktop %F" in entry
    assert "audio/mpeg" in entry
    assert (root / ".DirIcon").read_bytes().startswith(b"<svg")
    bill = root / "usr/lib/whisper-transcriber/transcriber.cdx.json"
    assert bill.read_bytes() == (DISTRIBUTION / appimage.name).with_suffix(".cdx.json").read_bytes()
