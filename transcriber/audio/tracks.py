"""The audio tracks of a recording, and which of them is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from transcriber.errors import InputError, UsageError
from transcriber.languages import language_code, language_of_tag

ALL = "all"
"""The choice of every track, mixed: what is said in any of them, each at its time."""


@dataclass(frozen=True, kw_only=True)
class AudioTrack:
    """One audio track, as ffmpeg's banner has it.

    Attributes
    ----------
    stream : int
        Its number among the streams of any kind, from 0.
    language : str
        Its language tag, such as ``deu`` or ``en-GB``; may be empty.
    layout : str
        Its channels, such as ``stereo``, ``5.1(side)`` or ``4 channels``.
    preferred : bool
        Whether the file marks it as the one to play.
    """

    stream: int
    language: str
    layout: str
    preferred: bool

    @property
    def channels(self) -> int:
        """How many channels it has; a layout by another name counts as four."""
        names = {"": 1, "mono": 1, "stereo": 2, "downmix": 2}
        if self.layout in names:
            return names[self.layout]
        numbers = re.match(r"(\d+)(?:\.(\d))?(?:\.(\d))?", self.layout)
        return sum(int(number or 0) for number in numbers.groups()) if numbers else 4


def parse_choice(text: str) -> str:
    """Return what ``--audio_track`` asks for: ``all``, a number from 1 on, or a language.

    A language is returned as Whisper's code, or as the three letters that Whisper has no code for.

    Raises
    ------
    UsageError
        When it is none of these.

    Examples
    --------
    >>> parse_choice("deu"), parse_choice("2"), parse_choice("ALL")
    ('de', '2', 'all')
    """
    given = text.strip().lower()
    if given == ALL or re.fullmatch("[1-9][0-9]{0,3}", given):
        return given
    if given[:1].isalpha():
        code = language_of_tag(given)
        # Tracks are marked in more languages than Whisper knows.
        known = code or (given if re.fullmatch("[a-z]{3}", given) else "")
        return known or language_code(given)
    raise UsageError(
        f"there is no audio track {text!r}", "give a number from 1 on, a language, or all"
    )


def choose_tracks(tracks: Sequence[AudioTrack], choice: str, label: str) -> tuple[AudioTrack, ...]:
    """Return the tracks that a choice means: one, or several to be mixed.

    Parameters
    ----------
    tracks : sequence of AudioTrack
        All of the recording, in the file's order.
    choice : str
        What `parse_choice` returned.
    label : str
        What messages call the recording.

    Raises
    ------
    InputError
        When there is none.

    Examples
    --------
    >>> track = AudioTrack(stream=1, language="deu", layout="stereo", preferred=False)
    >>> choose_tracks([track], "de", "talk.mkv") == (track,)
    True
    """
    # Where there is one, and nothing says that it is another, it is the one that is meant.
    alone = len(tracks) == 1 and tracks[0].language in ("", "und") and not choice.isdecimal()
    if choice == ALL or alone:
        return tuple(tracks)
    if choice.isdecimal():
        if int(choice) <= len(tracks):
            return (tracks[int(choice) - 1],)
        wanted = f"no audio track {choice}"
    else:
        for track in in_order(tracks):
            if choice in (track.language.lower(), language_of_tag(track.language)):
                return (track,)
        wanted = f"no audio track marked as {choice}"
    there = ", ".join(f"{number} {_description(track)}" for number, track in enumerate(tracks, 1))
    raise InputError(f"{label} has {wanted}", f"choose from {there}")


def in_order(tracks: Sequence[AudioTrack]) -> list[AudioTrack]:
    """Return the tracks as ffmpeg likes them: marked ones first, then those of most channels.

    Examples
    --------
    >>> mono = AudioTrack(stream=0, language="", layout="mono", preferred=False)
    >>> surround = AudioTrack(stream=1, language="", layout="5.1(side)", preferred=False)
    >>> [track.stream for track in in_order([mono, surround])]
    [1, 0]
    """
    return sorted(tracks, key=lambda track: (not track.preferred, -track.channels))


def tell_choice(
    tracks: Sequence[AudioTrack],
    chosen: Sequence[AudioTrack],
    *,
    dull: bool,
    asked: bool,
    label: str,
) -> str:
    """Say which of several tracks was read.

    Parameters
    ----------
    tracks : sequence of AudioTrack
        All of them.
    chosen : sequence of AudioTrack
        What was read.
    dull : bool
        Whether others, which would have come first, hold nothing like speech.
    asked : bool
        Whether the user has chosen.
    label : str
        What messages call the recording.

    Examples
    --------
    >>> one = AudioTrack(stream=0, language="deu", layout="mono", preferred=False)
    >>> two = AudioTrack(stream=1, language="eng", layout="mono", preferred=True)
    >>> tell_choice([one, two], [two], dull=False, asked=True, label="talk.mkv")
    'talk.mkv: audio track 2 of 2 (eng, mono) was read'
    """
    if len(chosen) > 1:
        return f"{label}: its {len(chosen)} audio tracks were mixed"
    [track] = chosen
    reason = ", because it sounds like speech" if dull else ""
    remedy = "" if asked else "; --audio_track chooses another"
    return (
        f"{label}: audio track {tracks.index(track) + 1} of {len(tracks)} {_description(track)} "
        f"was read{reason}{remedy}"
    )


def _description(track: AudioTrack) -> str:
    known = [text for text in (track.language, track.layout) if text not in ("", "und")]
    return f"({', '.join(known) or 'no language'})"
