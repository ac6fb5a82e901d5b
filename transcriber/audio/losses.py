"""What is missing in a recording that could be read at least in part, in a line each."""

from __future__ import annotations

from transcriber.audio.command import SAMPLE_RATE
from transcriber.audio.failures import quote
from transcriber.audio.messages import FfmpegMessages

# What MP3's and AAC's encoders add and cut at the ends is below this, and nobody misses less.
_UNHEARD_SECONDS = 0.5
_UNHEARD_SHARE = 0.01

# Where a short packet is no sign of a missing end: gaps in the reception leave some in MPEG-TS,
# and a WAV that was written into a pipe does not know its length.
_SHORT_PACKETS = frozenset({"mpegts", "wav"})


def reading_warnings(
    label: str,
    messages: FfmpegMessages,
    *,
    samples: int,
    lacks_end: bool,
    status: int,
    refused: bool = False,
    before: int = 0,
) -> tuple[str, ...]:
    """Say what is missing in a recording that could be decoded at least in part.

    Parameters
    ----------
    label : str
        What messages call the recording.
    messages : FfmpegMessages
        What ffmpeg said.
    samples : int
        How many samples came out, at 16 kHz, with the silence that stands for missing ones.
    lacks_end : bool
        Whether the file is shorter than it says.
    status : int
        ffmpeg's exit status.
    refused : bool
        Whether no silence stands for something that is missing.
    before : int
        How many samples of other recordings in the same file came before it.

    Returns
    -------
    tuple of str
        At most one line about the end and one about the middle.

    Examples
    --------
    >>> said = FfmpegMessages(input_format="wav")
    >>> reading_warnings("talk.wav", said, samples=32000, lacks_end=True, status=0)
    ('talk.wav ends early: 2.0 s could be read, the rest is missing',)
    """
    seconds = samples / SAMPLE_RATE
    announced = messages.announced_seconds
    short = (
        not refused
        and announced is not None
        and (
            announced - max(0.0, messages.start_seconds) - seconds
            > max(_UNHEARD_SECONDS, _UNHEARD_SHARE * announced)
        )
    )
    earlier = before / SAMPLE_RATE
    read = (
        f"{earlier + seconds:.1f} s of {earlier + announced:.1f} s could be read"
        if short and announced is not None
        else ""
    )
    count = messages.errors
    errors = f"{count} error{'s' if count > 1 else ''} while decoding it{quote(messages)}"
    # The file is whole, and times of its packets are not kept in this format.
    untold = messages.input_format == "avi"
    cut = (
        lacks_end
        or status != 0
        or bool(messages.signs & {"cut off", "stopped"})
        # A packet that is shorter than the container says.
        or ("short packet" in messages.signs and messages.input_format not in _SHORT_PACKETS)
        # Where another track may be the longer one, a short audio track proves nothing.
        or (short and count == 0 and messages.other_streams == 0 and not untold)
    )
    if not cut and short and untold and not count and announced is not None:
        return (
            f"{label}: its sound fills {earlier + seconds:.1f} s of {earlier + announced:.1f} s; "
            "if some is missing before its end, later times are too early",
        )
    if not cut and short and messages.other_streams == 0:
        return (f"{label} is cut off or damaged: {read}, {errors}",)
    lines = []
    if cut:
        read = read or f"{earlier + seconds:.1f} s could be read, the rest is missing"
        lines.append(f"{label} ends early: {read}")
    # The packet that is cut through is part of the first line.
    if count > (1 if cut else 0):
        lines.append(f"{label} is damaged: {errors}")
    return tuple(lines)


def unread_warning(label: str, count: int) -> str:
    """Say that so many bytes follow the end that a recording states.

    Parameters
    ----------
    label : str
        What messages call the recording.
    count : int
        How many bytes.

    Examples
    --------
    >>> unread_warning("talk.wav", 5_000_000).partition(";")[0]
    'talk.wav: 5.0 MB after the end that its header states were not read'
    """
    size = f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"
    return (
        f"{label}: {size} after the end that its header states were not read; if there is sound "
        "in them, repair the header or split the file"
    )
