"""Which ffmpeg decodes the recordings."""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from transcriber.audio.sandbox import Start, start
from transcriber.audio.sandbox_state import Sandbox, sandboxes_for
from transcriber.beside import file_beside
from transcriber.errors import DependencyError, LimitError
from transcriber.machine.memory import general_error, limit_in_words

ENVIRONMENT_VARIABLE = "TRANSCRIBER_FFMPEG"

_REMEDY = (
    f"install the package ffmpeg, or name a working one with --ffmpeg or ${ENVIRONMENT_VARIABLE}"
)

# It answers within some 20 ms; a cold network disk may need seconds to load a static build.
_VERSION_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Ffmpeg:
    """An ffmpeg that was run and answered.

    Attributes
    ----------
    path : Path
        The executable, absolute.
    version : str
        What it calls its version, such as ``7.1.1`` or ``n9.0.2-17-g2a571b6068``.
    origin : str
        Where it was found: ``option``, ``environment``, ``bundled`` (beside the program),
        ``package`` (imageio-ffmpeg) or ``PATH``.
    sandbox : Sandbox
        The narrowest one in which it answered.
    """

    path: Path
    version: str
    origin: str
    sandbox: Sandbox = Sandbox.OFF


def find_ffmpeg(configured: str | None = None) -> Ffmpeg:
    """Find the first ffmpeg that runs.

    One that the user names, by option or by `$TRANSCRIBER_FFMPEG`, must run: another in its
    place could decode to other samples unnoticed.

    Parameters
    ----------
    configured : str, optional
        Path or command name that the user gave as an option.

    Raises
    ------
    DependencyError
        When the named one does not run, or none was found.
    LimitError
        When none has the memory that it needs.
    """
    named = _named(configured)
    if named is not None:
        name, origin = named
        found = shutil.which(os.path.expanduser(name))  # noqa: PTH111  a bare name stays bare
        if found is None:
            raise DependencyError(f"there is no program {name}", _REMEDY)
        return _check(Path(found), origin)
    failures: list[DependencyError | LimitError] = []
    for path, origin in _candidates():
        try:
            return _check(path, origin)
        except (DependencyError, LimitError) as error:
            failures.append(error)
    if failures:
        raise failures[-1]
    raise DependencyError("ffmpeg, which decodes the recordings, was not found", _REMEDY)


def _named(configured: str | None) -> tuple[str, str] | None:
    if configured is not None:
        return configured, "option"
    from_environment = os.environ.get(ENVIRONMENT_VARIABLE)
    return (from_environment, "environment") if from_environment else None


def _candidates() -> Iterator[tuple[Path, str]]:
    beside = file_beside("ffmpeg")
    if beside:
        yield beside, "bundled"
    for packaged in _in_package():
        yield packaged, "package"
    found = shutil.which("ffmpeg")
    if found is not None:
        yield Path(found), "PATH"


def _in_package() -> list[Path]:
    # Its get_ffmpeg_exe() imports much and runs each candidate without a time limit, and its
    # wheels differ only in the name of the one binary in this folder.
    try:
        specification = importlib.util.find_spec("imageio_ffmpeg")
    except (ImportError, ValueError):
        return []
    if specification is None or not specification.submodule_search_locations:
        return []
    return [
        binary
        for location in specification.submodule_search_locations
        for binary in sorted(Path(location, "binaries").glob("ffmpeg-*"))
    ]


def _check(path: Path, origin: str) -> Ffmpeg:
    path = path.absolute()
    status, answer = 0, b""
    for sandbox in sandboxes_for(path):
        status, answer = _ask(path, sandbox)
        words = answer.decode("utf-8", "replace").split(maxsplit=3)
        if status == 0 and words[:2] == ["ffmpeg", "version"] and len(words) > 2:
            return Ffmpeg(path=path, version=words[2], origin=origin, sandbox=sandbox)
    limit = limit_in_words()
    if status != 0 and limit:
        # The loader of programs fails then, in words that are not ours to tell apart.
        raise LimitError(f"{path} does not run ({limit})", "raise that limit")
    raise DependencyError(f"{path} does not run as an ffmpeg", _REMEDY)


def _ask(path: Path, sandbox: Sandbox) -> tuple[int, bytes]:
    """Return the exit status and the output of an ffmpeg that is asked for its version."""
    nothing = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    try:
        wanted = Start(command=(str(path), "-version"), environment=dict(os.environ), error=nothing)
        with start(wanted, sandbox) as process:
            try:
                answer, _ = process.communicate(timeout=_VERSION_SECONDS)
            except BaseException as failure:
                process.kill()
                if not isinstance(failure, subprocess.TimeoutExpired):
                    raise
                raise DependencyError(
                    f"{path} did not tell its version within {_VERSION_SECONDS:g} s", _REMEDY
                ) from None
            return process.returncode, answer
    except (OSError, RuntimeError) as error:
        if sandbox is not Sandbox.OFF:
            return 1, b""
        if not isinstance(error, OSError):
            raise
        if error.errno == errno.ENOMEM:
            raise general_error() from error
        raise DependencyError(f"{path} does not run: {error.strerror}", _REMEDY) from error
    finally:
        os.close(nothing)
