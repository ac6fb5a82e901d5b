"""The sandbox for real: a program that tries to leave it, and the real ffmpeg in it."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import media
import pytest

from transcriber.audio import ffmpeg as module
from transcriber.audio import landlock, sandbox
from transcriber.audio.command import build_command
from transcriber.audio.ffmpeg import Ffmpeg, find_ffmpeg
from transcriber.audio.limits import AudioLimits, set_limits
from transcriber.audio.sandbox import Start, start, start_somehow
from transcriber.audio.sandbox_state import Sandbox, has_filters, landlock_version
from transcriber.audio.stream import open_audio

needs_both = pytest.mark.skipif(
    not (landlock_version() and has_filters()), reason="this kernel has no Landlock or no seccomp"
)
needs_filters = pytest.mark.skipif(not has_filters(), reason="this kernel has no seccomp")

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


@pytest.fixture(scope="session", params=["dynamic", "static"])
def stand_in(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a program that tries to leave its sandbox."""
    if COMPILER is None:
        pytest.skip("no C compiler here")
    path = tmp_path_factory.mktemp(request.param) / "ffmpeg"
    source = Path(__file__).with_name("sandbox_attempts.c")
    options = ["-static"] if request.param == "static" else []
    command = [COMPILER, "-O1", *options, "-o", str(path), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode and options:
        pytest.skip("no static C library here")
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return media.write_wav(tmp_path / "a.wav", seconds=0.2)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def try_all(
    stand_in: Path, recording: Path, listener: socket.socket, kind: Sandbox
) -> dict[str, str]:
    """Return the error of each attempt to leave a sandbox; a dash where there was none."""
    folder = recording.parent
    (folder / "other").write_text("secret")
    port = str(listener.getsockname()[1])
    wanted = Start(
        command=(str(stand_in), str(recording), str(folder), port),
        environment={},
        recording=recording,
    )
    # One that is inherited unless the sandbox sees to it.
    secret = os.open(folder / "other", os.O_RDONLY)
    os.set_inheritable(secret, True)
    try:
        with start(wanted, kind) as process:
            said, complaint = process.communicate(timeout=60)
    finally:
        os.close(secret)
    assert process.returncode == 0, complaint.decode()
    return dict(line.split() for line in said.decode().splitlines())


BY_RULES = dict.fromkeys(["other", "users", "parent", "list", "program", "shell"], "EACCES")
BY_FILTER = {
    **dict.fromkeys(["overwrite", "append", "create", "unnamed", "link", "symlink"], "EPERM"),
    **dict.fromkeys(["mkdir", "chmod", "truncate", "rename", "unlink"], "EPERM"),
    **dict.fromkeys(["connect", "datagrams", "netlink", "unix"], "EPERM"),
    **dict.fromkeys(["memfd", "limits", "trace", "namespace", "ring", "keys"], "EPERM"),
    **dict.fromkeys(["signal", "priority", "processors"], "EPERM"),
    "openat2": "ENOSYS",
}


def refused(answers: dict[str, str]) -> dict[str, str]:
    return {name: answer for name, answer in answers.items() if answer != "-"}


@needs_both
def test_nothing_but_the_recording(
    stand_in: Path, recording: Path, listener: socket.socket
) -> None:
    content = recording.read_bytes()
    answers = try_all(stand_in, recording, listener, Sandbox.FILES)
    assert {name for name, answer in answers.items() if answer == "-"} == {"recording", "inherited"}
    assert refused(answers) == BY_RULES | BY_FILTER
    assert recording.read_bytes() == content
    assert {path.name for path in recording.parent.iterdir()} == {"a.wav", "other"}


@needs_filters
def test_without_landlock_it_changes_nothing(
    stand_in: Path, recording: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "landlock_version", lambda: 0)
    assert refused(try_all(stand_in, recording, listener, Sandbox.FILES)) == BY_FILTER


@needs_both
def test_without_seccomp_it_reads_and_writes_nothing_else(
    stand_in: Path, recording: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "has_filters", lambda: False)
    answers = try_all(stand_in, recording, listener, Sandbox.FILES)
    assert answers["recording"] == answers["inherited"] == "-"
    assert {answers[name] for name in (*BY_RULES, "overwrite", "create", "mkdir")} == {"EACCES"}
    if landlock_version() >= 4:
        assert answers["connect"] == "EACCES"
    if landlock_version() >= 6:
        assert answers["signal"] == "EPERM"


@needs_filters
def test_a_script_has_its_files_and_no_network(
    stand_in: Path, recording: Path, listener: socket.socket
) -> None:
    answers = try_all(stand_in, recording, listener, Sandbox.NETWORK)
    assert {answers[name] for name in ("connect", "datagrams", "netlink", "ring")} == {"EPERM"}
    opened = (*BY_RULES, "recording", "inherited", "create", "rename", "unix", "signal")
    assert {answers[name] for name in opened} == {"-"}


def test_outside_all_of_it_would_work(
    stand_in: Path, recording: Path, listener: socket.socket
) -> None:
    answers = try_all(stand_in, recording, listener, Sandbox.OFF)
    worked = (*BY_RULES, "recording", "inherited", "create", "rename", "unlink", "connect", "unix")
    assert {answers[name] for name in worked} == {"-"}


def test_this_process_keeps_its_rights(recording: Path, tmp_path: Path) -> None:
    with open_audio(recording, ffmpeg=media.ffmpeg()) as stream:
        list(stream)
    (tmp_path / "written").write_text("here")
    socket.socket(socket.AF_INET).close()
    status = Path("/proc/thread-self/status").read_text()
    assert subprocess.run(["/bin/true"], check=False).returncode == 0
    assert "NoNewPrivs:\t1" not in status


def samples(path: Path, ffmpeg: Ffmpeg) -> bytes:
    with open_audio(path, ffmpeg=ffmpeg) as stream:
        return b"".join(stream)


@pytest.mark.parametrize("kind", [Sandbox.FILES, Sandbox.NETWORK])
def test_the_same_samples(kind: Sandbox) -> None:
    """In every format; test_formats.py compares them with openai-whisper's, as found."""
    for path in media.samples().iterdir():
        inside = samples(path, replace(media.ffmpeg(), sandbox=kind))
        assert inside
        assert inside == samples(path, replace(media.ffmpeg(), sandbox=Sandbox.OFF)), path.name


@needs_both
def test_the_real_ffmpeg_runs_in_it() -> None:
    assert find_ffmpeg().sandbox is Sandbox.FILES


@needs_both
@pytest.mark.parametrize(
    "way", ["link", "closed folder", "odd name", "of a process", "no name", "no file", "dev"]
)
def test_ways_to_a_recording(recording: Path, tmp_path: Path, way: str) -> None:
    ffmpeg = replace(media.ffmpeg(), sandbox=Sandbox.FILES)
    expected = samples(recording, replace(ffmpeg, sandbox=Sandbox.OFF))
    content = recording.read_bytes()
    descriptor, memory = os.open(recording, os.O_RDONLY), os.memfd_create("recording")
    path = tmp_path / "way"
    if way == "link":
        (tmp_path / "second").symlink_to(recording.name)
        path.symlink_to(tmp_path / "second")
    elif way == "closed folder":
        path.mkdir()
        path = recording.rename(path / "a.wav")
        path.parent.chmod(0o111)
    elif way == "odd name":
        path = tmp_path / os.fsdecode(b"-%d:\xff \n,a.wav")
        recording.rename(path)
    elif way == "of a process":
        path = Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    elif way == "no name":
        path = Path(f"/proc/{os.getpid()}/fd/{descriptor}")
        recording.unlink()
    elif way == "no file":
        os.write(memory, content)
        path.symlink_to(f"/proc/{os.getpid()}/fd/{memory}")
    else:
        path = Path(f"/dev/fd/{descriptor}")
    try:
        command = build_command(ffmpeg.path, path)
        wanted = Start(command=tuple(command), environment={}, recording=path)
        # Not in a wider one, as a recording is that could not be reached.
        with start(wanted, Sandbox.FILES) as process:
            said, _ = process.communicate(timeout=60)
        assert said == expected
        for kind in Sandbox:
            assert samples(path, replace(ffmpeg, sandbox=kind)) == expected, kind
    finally:
        os.close(descriptor)
        os.close(memory)
        if way == "closed folder":
            path.parent.chmod(0o755)


@needs_both
def test_a_recording_that_the_rules_do_not_reach_is_read(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a disk whose files are others each time that they are looked up."""
    real = landlock.open_rules
    monkeypatch.setattr(
        landlock, "open_rules", lambda *given, **named: real(*given, **{**named, "recording": None})
    )
    wanted = Start(command=(str(media.ffmpeg().path),), environment={}, recording=recording)
    with pytest.raises(PermissionError):
        start(wanted, Sandbox.FILES)
    with start_somehow(wanted, Sandbox.FILES) as process:
        process.communicate(timeout=60)
    assert samples(recording, replace(media.ffmpeg(), sandbox=Sandbox.FILES))


@needs_both
def test_several_at_a_time_keep_their_pipes_apart(tmp_path: Path) -> None:
    """One that inherited the second pipe of another would keep that one from its end."""
    path = media.write_wav(tmp_path / "two.wav", channels=2, seconds=1)
    ffmpeg = replace(media.ffmpeg(), sandbox=Sandbox.FILES)
    expected = samples(path, replace(ffmpeg, sandbox=Sandbox.OFF))
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(samples(path, ffmpeg))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [expected] * 8


@needs_both
def test_its_limits_hold_in_the_sandbox(stand_in: Path, recording: Path) -> None:
    wanted = Start(command=(str(stand_in),), environment={}, recording=recording)
    with start(wanted, Sandbox.FILES) as process:
        set_limits(process.pid, AudioLimits(memory_bytes=300 << 20))
        said, _ = process.communicate(timeout=60)
    # That it cannot raise it is among the attempts above.
    assert said.split()[0] == b"314572800"


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\necho ffmpeg version 1.2.3 of a script\n")
    path.chmod(0o755)
    return path


@needs_filters
def test_an_ffmpeg_that_is_a_script(tmp_path: Path) -> None:
    """It may need anything: what it starts, and files to write."""
    path = script(tmp_path / "ffmpeg", f"date > {tmp_path}/log 2>/dev/null")
    assert find_ffmpeg(str(path)).sandbox is Sandbox.NETWORK
    assert (tmp_path / "log").read_text()


def test_an_ffmpeg_that_runs_in_no_sandbox(tmp_path: Path) -> None:
    """As one in a snap, which needs a set-user-ID program."""
    path = script(tmp_path / "ffmpeg", "grep -q 'NoNewPrivs:.1' /proc/self/status && exit 1")
    found = find_ffmpeg(str(path))
    assert (found.version, found.sandbox) == ("1.2.3", Sandbox.OFF)


@needs_both
def test_an_ffmpeg_whose_files_are_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python cannot look through its folders of modules there, so it gets the next sandbox."""
    path = tmp_path / "ffmpeg"
    path.symlink_to(os.path.realpath(sys.executable))
    monkeypatch.setattr(
        module, "Start", lambda **given: Start(**{**given, "command": (str(path), "-c", SAY)})
    )
    found = find_ffmpeg(str(path))
    assert (found.version, found.sandbox) == ("1.2.3", Sandbox.NETWORK)


SAY = "import json; print('ffmpeg version 1.2.3 of Python')"

FORBIDDING = """
    import errno, sys
    from pathlib import Path
    from transcriber.audio import call_filter, kernel
    refused = call_filter._answer(0x00050000 | int(sys.argv[3]))
    numbers = dict.fromkeys(map(int, sys.argv[2].split(",")), refused)
    # What is above the last number shares its answer, and nothing may be there.
    allowed = {463: call_filter._answer(0x7FFF0000)}
    kernel.refuse_new_privileges()
    kernel.filter_calls(call_filter._whole({**numbers, **allowed}))
    from transcriber.audio.ffmpeg import find_ffmpeg
    from transcriber.audio.sandbox_state import in_words
    from transcriber.audio.stream import open_audio
    found = find_ffmpeg()
    with open_audio(Path(sys.argv[1]), ffmpeg=found) as stream:
        print(sum(map(len, stream)), found.sandbox.name, in_words(found.sandbox), sep="; ")
"""


@needs_both
@pytest.mark.parametrize(
    ("numbers", "code", "name", "words"),
    [
        # A kernel without Landlock; a container that forbids it, or close_range, or prctl; both.
        ("444,445,446", errno.ENOSYS, "FILES", "no Landlock here"),
        ("444,445,446", errno.EPERM, "FILES", "no Landlock here"),
        ("436", errno.ENOSYS, "FILES", "no Landlock here"),
        ("446", errno.EPERM, "NETWORK", "files are open"),
        ("157,444", errno.EPERM, "OFF", "none: no Landlock and no seccomp here"),
    ],
)
def test_a_kernel_or_container_that_lacks_something(
    recording: Path, numbers: str, code: int, name: str, words: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FORBIDDING), recording, numbers, str(code)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    length, sandbox_name, told = done.stdout.strip().split("; ", 2)
    assert (int(length), sandbox_name) == (6400, name)
    assert words in told


def test_it_is_brought_in_with_the_first_start() -> None:
    code = (
        "import sys; import transcriber.audio.stream, transcriber.audio.ffmpeg;"
        "print(sorted({'ctypes', 'transcriber.audio.kernel'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
