"""One clear line for each way in which reading a recording goes wrong."""

from __future__ import annotations

import errno
import re
import resource
import signal
import stat

from transcriber.audio.command import SAMPLE_RATE
from transcriber.audio.content import unreadable_content
from transcriber.audio.messages import FfmpegMessages
from transcriber.errors import InputError, LimitError, TranscriberError

_CONVERT = "convert it to WAV or FLAC first, and give that"
_COPY = "copy or record it again"
_UNPROTECTED = "give a copy without copy protection"

# What MP3's and AAC's encoders add and cut at the ends is below this, and nobody misses less.
_UNHEARD_SECONDS = 0.5
_UNHEARD_SHARE = 0.01

# Where a short packet is no sign of a missing end: gaps in the reception leave some in MPEG-TS,
# and a WAV that was written into a pipe does not know its length.
_SHORT_PACKETS = frozenset({"mpegts", "wav"})

_QUOTE_CHARACTERS = 120


def printable(text: str) -> str:
    """Return `text` on one line that a terminal shows as it is.

    Names of files and what ffmpeg quotes from their insides may hold line breaks, control
    characters that command a terminal, and bytes that are no text.
    """
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def path_failure(label: str, error: OSError | ValueError) -> InputError:
    """Say why the file cannot be opened."""
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
    kind = kinds.get(stat.S_IFMT(mode), "no regular file")
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
    """
    certain: dict[str, TranscriberError] = {
        "encrypted": encrypted_failure(label),
        "out of memory": memory_failure(label, memory_bytes),
        "no stream": InputError(f"{label} holds no audio track", "give a file that has sound"),
    }
    for sign, failure in certain.items():
        if sign in messages.signs:
            return failure
    content = unreadable_content(head)
    if content is not None:
        what, remedy = content
        return InputError(f"{label} {what}", remedy)
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
        return InputError(f"{label} is no recording in a format that is read", _CONVERT)
    quote = _quote(messages)
    if "unsure format" in messages.signs or not messages.audio_codec:
        return InputError(f"{label} is damaged or no recording{quote}", _COPY)
    if messages.errors:
        return InputError(f"{label} is damaged or encrypted: too little decodes{quote}", _COPY)
    return InputError(f"{label} holds no samples, or was cut off before them", _COPY)


def encrypted_failure(label: str) -> InputError:
    """Say that a recording is protected."""
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
    return LimitError(
        f"reading {label} needs more than {memory_bytes / 2**20:.0f} MiB of memory",
        f"it may be damaged; {_CONVERT}",
    )


def stall_failure(label: str, seconds: float) -> LimitError:
    """Say that ffmpeg gave nothing for a while."""
    return LimitError(
        f"reading {label} gave no audio for {seconds:g} s",
        f"copy it to a local disk, or {_CONVERT}",
    )


def time_failure(label: str, seconds: float) -> LimitError:
    """Say that ffmpeg took too long in all."""
    return LimitError(
        f"reading {label} took more than {seconds:g} s",
        f"allow more with --audio_timeout, or {_CONVERT}",
    )


def length_failure(label: str, seconds: float) -> LimitError:
    """Say that more audio came than is taken."""
    return LimitError(f"{label} holds more than {seconds / 3600:g} hours of audio", "split it")


def death_failure(label: str, number: int) -> TranscriberError:
    """Say that a signal that this program did not send ended ffmpeg.

    Parameters
    ----------
    label : str
        What messages call the recording.
    number : int
        The signal.
    """
    if number == signal.SIGXCPU:
        return LimitError(f"reading {label} took too much processor time", _CONVERT)
    if number in (signal.SIGKILL, signal.SIGTERM):
        return LimitError(
            f"ffmpeg was killed while it read {label}", "free some memory and try again"
        )
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = str(number)
    return InputError(f"ffmpeg crashed while it read {label} ({name})", f"{_COPY}, or {_CONVERT}")


def reading_warnings(
    label: str, messages: FfmpegMessages, *, samples: int, lacks_end: bool, status: int
) -> tuple[str, ...]:
    """Say what is missing in a recording that could be decoded at least in part.

    Parameters
    ----------
    label : str
        What messages call the recording.
    messages : FfmpegMessages
        What ffmpeg said.
    samples : int
        How many samples came out, at 16 kHz.
    lacks_end : bool
        Whether the file is shorter than it says.
    status : int
        ffmpeg's exit status.

    Returns
    -------
    tuple of str
        At most one line about the end and one about the middle.
    """
    seconds = samples / SAMPLE_RATE
    announced = messages.announced_seconds
    short = announced is not None and (
        announced - max(0.0, messages.start_seconds) - seconds
        > max(_UNHEARD_SECONDS, _UNHEARD_SHARE * announced)
    )
    read = f"{seconds:.1f} s of {announced:.1f} s could be read" if short else ""
    count = messages.errors
    errors = f"{count} error{'s' if count > 1 else ''} while decoding it{_quote(messages)}"
    cut = (
        lacks_end
        or status != 0
        or bool(messages.signs & {"cut off", "stopped"})
        # A packet that is shorter than the container says.
        or ("short packet" in messages.signs and messages.input_format not in _SHORT_PACKETS)
        # Where another track may be the longer one, a short audio track proves nothing.
        or (short and count == 0 and messages.other_streams == 0)
    )
    if not cut and short and messages.other_streams == 0:
        return (f"{label} is cut off or damaged: {read}, {errors}",)
    lines = []
    if cut:
        read = read or f"{seconds:.1f} s could be read, the rest is missing"
        lines.append(f"{label} ends early: {read}")
    # The packet that is cut through is part of the first line.
    if count > (1 if cut else 0):
        lines.append(f"{label} is damaged: {errors}")
    return tuple(lines)


def _quote(messages: FfmpegMessages) -> str:
    # The last words of a line that passes on another's failure: what that was.
    text = re.sub(r"^Error .*: ", "", messages.quote)
    text = printable(text)[:_QUOTE_CHARACTERS].strip().rstrip(".")
    return f" (ffmpeg: {text})" if text else ""
