"""The loop over a recording: one window of 30 s after the other.

The semantics are those of openai-whisper's ``transcribe``, so that both give the same text. What
differs is the form: the loop yields each window as it is done, and can go on from any of them,
which progress, the journal and Ctrl-C rely on. And it decodes nothing itself: it yields what it
wants decoded, so that the loops of several clips can run side by side.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from whisper.audio import N_FRAMES

from transcriber.engine.encoding import WindowEncoder
from transcriber.engine.features import LogMelSpectrogram
from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.interface import (
    FRAMES_PER_SECOND,
    Clip,
    DecodedWindows,
    Position,
    WindowResult,
)
from transcriber.engine.request import Loop, Network
from transcriber.engine.window_decoder import WindowDecoder
from transcriber.settings import DecodingSettings

STUCK_LIMIT = 5
"""Windows in a row that may begin at the same frame. The decoder may say that nothing before its
first timestamp is finished; with the same words in the prompt it would say so for ever."""


@dataclass(frozen=True, kw_only=True)
class Clips:
    """Clips that a loop goes through.

    Attributes
    ----------
    parts : sequence of Clip
        All of the recording.
    first, end : int
        The first one that it goes through, and the one behind the last.
    heard : bool
        Whether the clips end where somebody stops to speak.
    """

    parts: Sequence[Clip]
    first: int
    end: int
    heard: bool


def clips(timestamps: Sequence[float], content_frames: int) -> list[Clip]:
    """Return the parts of a recording to transcribe, as first and last frame.

    Parameters
    ----------
    timestamps : sequence of float
        Start, end, start, end, ... in seconds; the last end may be missing.
    content_frames : int
        Frames of the recording, 100 a second.

    Examples
    --------
    >>> clips([0.0, 1.5, 3.0], 1000)
    [(0, 150), (300, 1000)]
    """
    points = [round(timestamp * FRAMES_PER_SECOND) for timestamp in timestamps] or [0]
    if len(points) % 2:
        points.append(content_frames)
    # openai-whisper decodes for ever where a clip ends after the recording.
    ends = [min(end, content_frames) for end in points[1::2]]
    return list(zip(points[::2], ends, strict=True))


def transcribe_windows(
    model: Network,
    features: LogMelSpectrogram,
    settings: DecodingSettings,
    *,
    language: str,
    done: DecodedWindows,
    encoder: WindowEncoder | None = None,
    parts: Sequence[Clip] | None = None,
) -> Iterator[WindowResult]:
    """Decode a recording window by window.

    Parameters
    ----------
    model : Network
        A model, here or in another process.
    features : LogMelSpectrogram
        The recording.
    settings : DecodingSettings
        How to decode.
    language : str
        Code of the language that is spoken.
    done : DecodedWindows
        What an earlier run has decoded; the loop goes on behind it.
    encoder : WindowEncoder, optional
        One of the same model and recording, which may know the first window already.
    parts : sequence of Clip, optional
        What to decode; otherwise the clips of the settings.

    Yields
    ------
    WindowResult
        Each window that is not in `done`, in order.
    """
    heard = parts is not None
    if parts is None:
        parts = clips(settings.clip_timestamps, features.content_frames)
    if not parts:
        return
    encoder = encoder or WindowEncoder(model, features)
    every = Clips(parts=parts, first=0, end=len(parts), heard=heard)
    loop = decode_clips(encoder, settings, language=language, done=done, clips=every)
    answer: Hypothesis | None = None
    with contextlib.closing(loop), contextlib.suppress(StopIteration):
        while True:
            asked = loop.send(answer)
            answer = None
            if isinstance(asked, WindowResult):
                yield asked
            else:
                answer = model.decode(
                    asked.encoded,
                    language=asked.language,
                    prompt=asked.prompt,
                    temperature=asked.temperature,
                )


def decode_clips(
    encoder: WindowEncoder,
    settings: DecodingSettings,
    *,
    language: str,
    done: DecodedWindows,
    clips: Clips,
) -> Loop:
    """Go through clips of a recording, one behind the other.

    Parameters
    ----------
    encoder : WindowEncoder
        One of the recording, with the model.
    settings, language, done
        As for `transcribe_windows`.
    clips : Clips
        Which clips.
    """
    decoder = WindowDecoder(encoder, settings, language, heard=clips.heard)
    for window in done.windows:
        decoder.remember(window.segments)
    parts = clips.parts
    position = done.position or Position(clip=clips.first, seek=parts[clips.first][0])
    while (position := _enter_clip(position, parts)).clip < clips.end:
        seek = position.seek
        frames = min(N_FRAMES, parts[position.clip][1] - seek)
        segments, position = yield from decoder.decode(position, frames)
        position = _unstick(position, seek, frames)
        yield WindowResult(segments=tuple(segments), position=position)


def _enter_clip(position: Position, parts: Sequence[Clip]) -> Position:
    """Move on to the clip that has frames left, if there is one."""
    while position.clip < len(parts):
        start, end = parts[position.clip]
        position = replace(position, seek=max(position.seek, start))
        if position.seek < end:
            break
        following = position.clip + 1
        seek = parts[following][0] if following < len(parts) else position.seek
        position = replace(position, clip=following, seek=seek)
    return position


def _unstick(position: Position, seek: int, frames: int) -> Position:
    """Skip a window that has been decoded again and again without getting further."""
    if position.seek > seek:
        return replace(position, stuck=0)
    if position.stuck + 1 < STUCK_LIMIT:
        return replace(position, stuck=position.stuck + 1)
    return replace(position, seek=seek + frames, stuck=0)
