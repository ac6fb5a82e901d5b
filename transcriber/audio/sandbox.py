"""The sandbox that ffmpeg reads what strangers made in: no network, no file but its recording.

What a thread gives up, what it starts has not got either. So ffmpeg is started by a thread that
first gives up all that ffmpeg does not need, and that ends then. Between fork and exec, where code
can deadlock, nothing of this runs.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from transcriber.audio.sandbox_state import Sandbox, has_filters, landlock_version

_OWN_FILES = Path("/proc/self/fd")

_MOST_LINKS = 40

# While a descriptor is to be inherited, nothing else that inherits is started.
_inheriting = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Start:
    """How a program is started.

    Attributes
    ----------
    command : tuple of str
        Its path and its arguments.
    environment : mapping of str to str
        Its environment.
    error : int
        Where its standard error goes, as `subprocess.Popen` has it: a descriptor or ``PIPE``.
        Standard output is a pipe, and its input is empty.
    recording : Path or None
        What it is given to read.
    handed_on : tuple of int
        Descriptors that it inherits.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    error: int = subprocess.PIPE
    recording: Path | None = None
    handed_on: tuple[int, ...] = ()


def start(wanted: Start, sandbox: Sandbox) -> subprocess.Popen[bytes]:
    """Start a program in a sandbox.

    Raises
    ------
    OSError
        When it does not start, or could not read its recording.
    """
    with _handed_on(wanted) as given:
        if sandbox is not Sandbox.OFF:
            return _start_in(given, sandbox)
        with _nothing() as nothing:
            return _popen(given, nothing, inherits=False)


def start_somehow(wanted: Start, sandbox: Sandbox) -> subprocess.Popen[bytes]:
    """Start a program in a sandbox, or in a wider one where that fails for this recording.

    There are disks on which a file is another each time that it is opened, rules of whoever started
    this program, upon which no more fit, and limits to the number of threads.

    Raises
    ------
    OSError
        When it does not start.
    """
    kinds = (Sandbox.FILES, Sandbox.NETWORK)
    for kind in kinds[kinds.index(sandbox) :] if sandbox in kinds else ():
        with contextlib.suppress(OSError, RuntimeError):
            return start(wanted, kind)
    return start(wanted, Sandbox.OFF)


def _start_in(wanted: Start, sandbox: Sandbox) -> subprocess.Popen[bytes]:
    from transcriber.audio import call_filter, kernel  # noqa: PLC0415  with the first start

    with contextlib.ExitStack() as stack:
        nothing = stack.enter_context(_nothing())
        rules = None
        if sandbox is Sandbox.FILES and landlock_version():
            rules = stack.enter_context(_rules(wanted))
        calls = None
        if has_filters():
            strict = sandbox is Sandbox.FILES
            calls = call_filter.strict_filter() if strict else call_filter.network_filter()
        started: list[subprocess.Popen[bytes]] = []
        failures: list[BaseException] = []

        def work() -> None:
            # From the first of these on, this thread can open nothing and import nothing.
            try:
                kernel.refuse_new_privileges()
                if rules is not None:
                    kernel.restrict(rules)
                if calls is not None:
                    kernel.filter_calls(calls)
                if rules is not None and wanted.recording is not None:
                    # What is refused here ffmpeg would be refused, too.
                    os.close(os.open(wanted.recording, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
                started.append(_popen(wanted, nothing, inherits=rules is not None))
            except BaseException as failure:
                failures.append(failure)

        thread = threading.Thread(target=work, name="ffmpeg's start", daemon=True)
        thread.start()
        thread.join()
    if failures:
        raise failures[0]
    return started[0]


@contextlib.contextmanager
def _rules(wanted: Start) -> Iterator[int]:
    """Give the descriptor of the rules for a start."""
    from transcriber.audio import landlock  # noqa: PLC0415  with the first start
    from transcriber.audio.program_files import program_files  # noqa: PLC0415

    with contextlib.ExitStack() as stack:

        def opened(path: Path, flags: int) -> int:
            descriptor = os.open(path, flags | os.O_CLOEXEC)
            stack.callback(os.close, descriptor)
            return descriptor

        recording = None
        if wanted.recording is not None and wanted.recording.parent == _OWN_FILES:
            recording = int(wanted.recording.name)
        elif wanted.recording is not None:
            recording = opened(wanted.recording, os.O_PATH)
        environment = wanted.environment
        files = program_files(
            Path(wanted.command[0]),
            environment.get("LD_PRELOAD", ""),
            environment.get("LD_LIBRARY_PATH", ""),
        )
        if files is None:
            raise OSError(f"nobody knows what {wanted.command[0]} needs")
        rules = landlock.open_rules(
            landlock_version(), started=files.started, read=files.read, recording=recording
        )
        stack.callback(os.close, rules)
        yield rules


@contextlib.contextmanager
def _handed_on(wanted: Start) -> Iterator[Start]:
    """Give a start whose recording is open in it, where a process's open file is what it reads.

    Another process has other files under the names of these, and rules close those of this one.
    """
    if wanted.recording is None or not _is_among_processes(wanted.recording):
        yield wanted
        return
    descriptor = os.open(wanted.recording, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield _by_descriptor(wanted, wanted.recording, descriptor)
    finally:
        os.close(descriptor)


def _is_among_processes(path: Path) -> bool:
    """Tell whether a file is named by way of a process that has it open, as /dev/stdin is."""
    name = path.absolute()
    for _ in range(_MOST_LINKS):
        name = name.parent.resolve() / name.name
        if name.is_relative_to("/proc"):
            return True
        if not name.is_symlink():
            return False
        name = name.parent / name.readlink()
    return False


def _by_descriptor(wanted: Start, recording: Path, descriptor: int) -> Start:
    name = _OWN_FILES / str(descriptor)
    given, handed = f"file:{recording.absolute()}", f"file:{name}"
    return replace(
        wanted,
        command=tuple(handed if part == given else part for part in wanted.command),
        recording=name,
        handed_on=(*wanted.handed_on, descriptor),
    )


@contextlib.contextmanager
def _nothing() -> Iterator[int]:
    """Give a descriptor of an empty input."""
    descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _popen(wanted: Start, nothing: int, *, inherits: bool) -> subprocess.Popen[bytes]:
    """Start a program, now.

    Parameters
    ----------
    wanted : Start
        What to start, and how.
    nothing : int
        Its standard input.
    inherits : bool
        Whether the kernel decides by the descriptors' own marks which are closed in it.
    """
    if not inherits:
        return _begin(wanted, nothing, closes=True)
    from transcriber.audio import kernel  # noqa: PLC0415  is there by now

    with _inheriting:
        kernel.keep_from_children()
        try:
            for descriptor in wanted.handed_on:
                os.set_inheritable(descriptor, True)
            return _begin(wanted, nothing, closes=False)
        finally:
            for descriptor in wanted.handed_on:
                os.set_inheritable(descriptor, False)


def _begin(wanted: Start, nothing: int, *, closes: bool) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        wanted.command,
        stdin=nothing,
        stdout=subprocess.PIPE,
        stderr=wanted.error,
        env=wanted.environment,
        close_fds=closes,
        pass_fds=wanted.handed_on if closes else (),
        # Ctrl-C in the terminal then reaches this process alone, which decides.
        start_new_session=True,
    )
