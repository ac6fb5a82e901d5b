"""How late live captions are, and how many errors they have more than the same recordings as files.

``python -m benchmarks.live SPEECH`` plays each recording of the folder SPEECH, with silence behind
it, to the loop of ``transcriber live``. What is computed takes its time; waiting for sound takes
none, so that an hour is heard in minutes. A final's delay is from the last voiced frame of its
piece, a word's from its end in the transcript of the file until it is shown and stays.

SPEECH holds a ``manifest.tsv`` with the columns ``file``, ``language`` and ``reference``.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.error_rates import errors_of, unit_of
from benchmarks.manifest import Speech, read_manifest
from transcriber.audio.ffmpeg import find_ffmpeg
from transcriber.audio.stream import open_audio
from transcriber.commands.listening import live_settings
from transcriber.commands.live import MARGIN
from transcriber.engine.interface import DecodedWindows, Engine, Word
from transcriber.live.engines import make_decoder
from transcriber.live.events import Event, Final, Partial
from transcriber.live.loop import Listening
from transcriber.live.pieces import RATE, Pieces, PieceSettings
from transcriber.live.policies import Agreement, HoldBack, Policy
from transcriber.progress.reporter import make_reporter
from transcriber.run import prepare

SILENCE = bytes(2 * RATE * 3 // 2)
"""What follows each recording: 1.5 s."""

_BYTES = 2 * RATE

Timed = tuple[float, Event]
"""What was told, with when."""


class Played:
    """Sound that comes as fast as it was spoken, on a clock on which waiting takes no time."""

    error = None
    level = 0.0

    def __init__(self, sound: bytes) -> None:
        self._sound = sound
        self._read = 0
        self._waited = 0.0
        self._begun = time.monotonic()

    @property
    def now(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._begun + self._waited

    @property
    def seconds(self) -> float:
        """How much was heard."""
        return min(self.now, len(self._sound) / _BYTES)

    @property
    def behind(self) -> float:
        """Seconds that were heard and not read."""
        return self.seconds - self._read / _BYTES

    @property
    def is_over(self) -> bool:
        """Whether all was read."""
        return self._read >= len(self._sound)

    def read(self, most: int) -> bytes:
        """Return what was not read yet."""
        start = self._read
        self._read = max(start, min(start + most, 2 * int(self.seconds * RATE)))
        return self._sound[start : self._read]

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._waited += seconds


@dataclass
class Found:
    """What was found in the recordings of a language."""

    words: int = 0
    live_errors: int = 0
    file_errors: int = 0
    finals: list[float] = field(default_factory=list)
    partials: list[float] = field(default_factory=list)

    def take(
        self,
        speech: Speech,
        events: Sequence[tuple[float, Event]],
        said: str,
        words: Sequence[Word],
    ) -> None:
        """Take what was told of a recording, when, and what it is as a file."""
        finals = [(at, event) for at, event in events if isinstance(event, Final)]
        text = " ".join(event.text for _, event in finals)
        count, errors = errors_of(speech.language, speech.transcript, text)
        self.words += count
        self.live_errors += errors
        self.file_errors += errors_of(speech.language, speech.transcript, said)[1]
        self.finals += [at - event.end for at, event in finals]
        shown: list[tuple[float, list[str]]] = []
        for at, event in events:
            if isinstance(event, Partial):
                shown.append((at, plain(event.text)))
            elif isinstance(event, Final):
                self.partials += delays(event, at, shown, words)
                shown = []


def delays(
    final: Final, at: float, shown: Sequence[tuple[float, list[str]]], words: Sequence[Word]
) -> list[float]:
    """Return how long after its end each word of a final was shown for good.

    Where the file's transcript has another number of words in that place, nobody knows when each
    was spoken: there are none then.
    """
    texts = plain(final.text)
    ends = [one["end"] for one in words if final.start - 0.2 <= one["end"] <= final.end + 0.6]
    if len(ends) != len(texts):
        return []
    found = []
    for number, (text, end) in enumerate(zip(texts, ends, strict=True)):
        first = at
        for when, partial in reversed(shown):
            if partial[number : number + 1] != [text]:
                break
            first = when
        found.append(first - end)
    return found


def plain(text: str) -> list[str]:
    """Return the words of a text without signs.

    Examples
    --------
    >>> plain("Ask not, what!")
    ['ask', 'not', 'what']
    """
    return re.sub(r"[^\w' ]", "", text.lower()).split()


def transcribed(engine: Engine, sound: bytes, language: str) -> tuple[str, list[Word]]:
    """Return the text of a recording as a file, and its words."""
    engine.read([sound])
    windows = tuple(engine.windows(language, DecodedWindows()))
    result = engine.result(DecodedWindows(language=language, windows=windows))
    engine.close()
    words = [word for segment in result["segments"] for word in segment.get("words", ())]
    return result["text"], words


def measure(
    speech: Sequence[Speech], words: Sequence[str], policy: Policy, pieces: PieceSettings
) -> Found:
    """Play recordings of one language."""
    found = Found()
    reporter = make_reporter("none", quiet=True)
    spoken = ("--language", speech[0].language)
    decoder = make_decoder(live_settings([*words, *spoken], "live"), reporter)
    settings = live_settings([*words, *spoken, "--word_timestamps", "True"], "live")
    threads, file = prepare(settings, reporter, remember=False)
    file.use_threads(threads)
    file.use_kernels("")
    from transcriber.engine.listening import make_ear  # noqa: PLC0415  loads openai-whisper

    ffmpeg = find_ffmpeg(None)
    for one in speech:
        with open_audio(one.path, ffmpeg=ffmpeg) as audio:
            sound = b"".join(audio) + SILENCE
        played = Played(sound)
        listening = Listening(played, Pieces(pieces, make_ear()), decoder, policy)
        events = [(played.now, event) for event in listening.events()]
        found.take(one, events, *transcribed(file, sound, one.language))
    return found


def main() -> int:
    """Print a line for each language, and one for all of them.

    Returns
    -------
    int
        The exit code.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("speech", type=Path)
    parser.add_argument("--partials", choices=("alignment", "agreement"), default="alignment")
    parser.add_argument("--margin", type=float, default=MARGIN)
    parser.add_argument("--pause", type=float, default=0.5)
    parser.add_argument("--least", type=float, default=0.0, help="8 is what dictation has")
    arguments, words = parser.parse_known_args()
    pieces = PieceSettings(silence_ms=round(1000 * arguments.pause), least=arguments.least)
    speech = read_manifest(arguments.speech)
    total = Found()
    for language in sorted({one.language for one in speech}):
        policy = Agreement() if arguments.partials == "agreement" else HoldBack(arguments.margin)
        of_it = [one for one in speech if one.language == language]
        found = measure(of_it, words, policy, pieces)
        print(line(f"{language} {unit_of(language)}", found), flush=True)
        total.words += found.words
        total.live_errors += found.live_errors
        total.file_errors += found.file_errors
        total.finals += found.finals
        total.partials += found.partials
    print(line("all", total))
    return 0


def line(name: str, found: Found) -> str:
    """Return what is told of recordings."""
    rates = [100 * errors / found.words for errors in (found.live_errors, found.file_errors)]
    return (
        f"{name}: errors live {rates[0]:.2f} %, file {rates[1]:.2f} %; delay of finals "
        f"{spread(found.finals)}, of words {spread(found.partials)}"
    )


def spread(values: Sequence[float]) -> str:
    """Return the median, and what nine of ten are below.

    Examples
    --------
    >>> spread([1.0, 2.0, 3.0])
    'median 2.00 s, 90 % below 3.00 s (3)'
    """
    if not values:
        return "unknown"
    ordered = sorted(values)
    most = ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))]
    return f"median {statistics.median(ordered):.2f} s, 90 % below {most:.2f} s ({len(ordered)})"


if __name__ == "__main__":
    sys.exit(main())
