"""One clear line for each way in which reading a recording goes wrong."""

from __future__ import annotations

import errno
import re
import resource
import signal
import stat

from transcriber.audio.content import unreadable_content
from transcriber.audio.messages import FfmpegMessages
from transcriber.errors import DependencyError, InputError, LimitError, TranscriberError

_CONVERT = "convert it to WAV or FLAC first, and give that"
_COPY = "copy or record it again"
_UNPROTECTED = "give a copy without copy protection"

_QUOTE_CHARACTERS = 120

_ENOUGH_BYTES = 384 << 20
"""Below that ffmpeg may lack memory before it reads anything, and then ends in any way that there
is: see `transcriber.audio.limits.AudioLimits`."""


def printable(text: str) -> str:
    r"""Return `text` on one line that a terminal shows as it is.

    Names of files and what ffmpeg quotes from their insides may hold line breaks, control
    characters that command a terminal, and bytes that are no text.

    Examples
    --------
    >>> printable("one\ntwo")
    'one�two'
    """
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def path_failure(label: str, error: OSError | ValueError) -> InputError:
    """Say why the file cannot be opened.

    Parameters
    ----------
    label : str
        What messages call it.
    error : OSError or ValueError
        What opening it has raised; a ValueError is about its name.

    Examples
    --------
    >>> path_failure("talk.mp3", FileNotFoundError(errno.ENOENT, "")).message
    'there is no file talk.mp3'
    """
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOENT:
        return InputError(f"there is no file {label}", "check the name")
    if number in (errno.EACCES, errno.EPERM):
        return InputError(f"{label} may not be read", "change its permissions or copy it")
    reason = error.strerror if isinstance(error, OSError) else "its name holds a null byte"
    return InputError(f"cannot read {label}: {reason}", "check the name and the disk")


def kind_failure(label: str, mode: int) -> InputError | None:
    """Say why something of this file type is not read; None for a regular file.

    Parameters
    ----------
    label : str
        What messages call it.
    mode : int
        Its `st_mode`.

    Examples
    --------
    >>> str(kind_failure("talks", stat.S_IFDIR))
    'talks is a folder: give the recordings in it'
    """
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISDIR(mode):
        return InputError(f"{label} is a folder", "give the recordings in it")
    kinds = {
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    kind = kinds.get(stat.S_IFMT(mode), "not a regular file")
    # Many formats keep their index at the end, and a pipe cannot be read from there.
    return InputError(f"{label} is {kind}", "give a regular file, or - to read standard input")


def no_audio_failure(
    label: str, messages: FfmpegMessages, *, head: bytes, lacks_end: bool, memory_bytes: int
) -> TranscriberError:
    """Say why not one sample, or next to none, could be decoded.

    Parameters
    ----------
    label : str
        What messages call the recording.
    messages : FfmpegMessages
        What ffmpeg said.
    head : bytes
        The beginning of the file; 4096 bytes suffice.
    lacks_end : bool
        Whether the file is shorter than it says.
    memory_bytes : int
        The limit that ffmpeg ran under.

    Examples
    --------
    >>> said = FfmpegMessages(signs={"no stream"})
    >>> no_audio_failure("a.mp4", said, head=b"", lacks_end=False, memory_bytes=1 << 30).message
    'a.mp4 holds no audio track'
    """
    certain: dict[str, TranscriberError] = {
        "encrypted": encrypted_failure(label),
        "out of memory": memory_failure(label, memory_bytes),
        "no stream": InputError(f"{label} holds no audio track", "give a file that has sound"),
        "no filter": DependencyError(
            f"this ffmpeg lacks a filter that reading {label} needs (asetpts)",
            "name another ffmpeg with --ffmpeg",
        ),
    }
    for sign, failure in certain.items():
        if sign in messages.signs:
            return failure
    content = unreadable_content(head)
    if content is not None:
        what, remedy = content
        return InputError(f"{label} {what}", remedy)
    if memory_bytes < _ENOUGH_BYTES:
        return memory_failure(label, memory_bytes)
    # ffmpeg looks for it in anything that is named like an MP4 file, too.
    if "no index" in messages.signs and "unsure format" not in messages.signs:
        return InputError(
            f"{label} was cut off before its index was written (ffmpeg: moov atom not found)",
            f"{_COPY}, or repair it with a tool for broken MP4 files",
        )
    if lacks_end or "at end" in messages.signs:
        return InputError(f"{label} is damaged, or cut off before its audio begins", _COPY)
    return _unreadable_failure(label, messages)


def _unreadable_failure(label: str, messages: FfmpegMessages) -> InputError:
    if "no decoder" in messages.signs:
        codec = messages.audio_codec or "unknown"
        return InputError(f"this ffmpeg cannot decode the audio of {label} ({codec})", _CONVERT)
    if "not whitelisted" in messages.signs:
        return InputError(f"{label} is not in a format that this program reads", _CONVERT)
    said = quote(messages)
    if "unsure format" in messages.signs or not messages.audio_codec:
        return InputError(f"{label} is damaged, or not a recording{said}", _COPY)
    if messages.errors:
        return InputError(
            f"{label} is damaged or encrypted: too little of it can be decoded{said}", _COPY
        )
    return InputError(f"{label} holds no samples, or was cut off before them", _COPY)


def encrypted_failure(label: str) -> InputError:
    """Say that a recording is protected.

    Examples
    --------
    >>> encrypted_failure("talk.m4a").message
    'talk.m4a is encrypted (copy protection)'
    """
    return InputError(f"{label} is encrypted (copy protection)", _UNPROTECTED)


def memory_failure(label: str, memory_bytes: int) -> LimitError:
    """Say that ffmpeg reached its memory limit, or that of the session."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    if allowed != resource.RLIM_INFINITY and allowed < memory_bytes:
        return LimitError(
            f"reading {label} needs more than the {allowed / 2**20:.0f} MiB of memory that "
            "a program may use here (ulimit -v)",
            "raise that limit",
        )
    damaged = "it may be damaged; " if memory_bytes >= _ENOUGH_BYTES else ""
    return LimitError(
        f"reading {label} needs more than {memory_bytes / 2**20:.0f} MiB of memory",
        f"{damaged}allow more with --audio_memory, or {_CONVERT}",
    )


def stall_failure(label: str, seconds: float) -> LimitError:
    """Say that ffmpeg gave nothing for so many seconds.

    Examples
    --------
    >>> stall_failure("talk.mp3", 60.0).message
    'reading talk.mp3 gave no audio for 60 s'
    """
    return LimitError(
        f"reading {label} gave no audio for {seconds:g} s",
        f"copy it to a local disk, or {_CONVERT}",
    )


def time_failure(label: str, seconds: float) -> LimitError:
    """Say that ffmpeg took more than so many seconds in all.

    Examples
    --------
    >>> time_failure("talk.mp3", 600.0).message
    'reading talk.mp3 took more than 600 s'
    """
    return LimitError(
        f"reading {label} took more than {seconds:g} s",
        f"allow more with --audio_timeout, or {_CONVERT}",
    )


def length_failure(label: str, seconds: float) -> LimitError:
    """Say that more audio came than the seconds that are taken.

    Examples
    --------
    >>> length_failure("talk.mp3", 86400.0).message
    'talk.mp3 holds more than 24 hours of audio'
    """
    return LimitError(f"{label} holds more than {seconds / 3600:g} hours of audio", "split it")


def death_failure(label: str, number: int, memory_bytes: int) -> TranscriberError:
    """Say that a signal that this program did not send ended ffmpeg.

    Parameters
    ----------
    label : str
        What messages call the recording.
    number : int
        The signal.
    memory_bytes : int
        The limit that ffmpeg ran under.

    Examples
    --------
    >>> death_failure("talk.mp3", signal.SIGSEGV, 1 << 30).message
    'ffmpeg crashed while it read talk.mp3 (SIGSEGV)'
    """
    if number == signal.SIGXCPU:
        return LimitError(f"reading {label} took too much processor time", _CONVERT)
    if number in (signal.SIGKILL, signal.SIGTERM):
        return LimitError(
            f"ffmpeg was killed while it read {label}", "free some memory and try again"
        )
    if memory_bytes < _ENOUGH_BYTES:
        return memory_failure(label, memory_bytes)
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = str(number)
    return InputError(f"ffmpeg crashed while it read {label} ({name})", f"{_COPY}, or {_CONVERT}")


def quote(messages: FfmpegMessages) -> str:
    """Return what ffmpeg said of it, in parentheses; empty where it said nothing that explains.

    Examples
    --------
    >>> quote(FfmpegMessages(quote="Error opening input: Invalid data found."))
    ' (ffmpeg: Invalid data found)'
    """
    # The last words of a line that passes on another's failure: what that was.
    text = re.sub(r"^Error .*: ", "", messages.quote)
    text = printable(text)[:_QUOTE_CHARACTERS].strip().rstrip(".")
    return f" (ffmpeg: {text})" if text else ""
