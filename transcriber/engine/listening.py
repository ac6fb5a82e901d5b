"""Hearing where somebody speaks while a recording is read, and what is decoded of it therefore."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from whisper.audio import HOP_LENGTH

from transcriber.engine.features import as_float
from transcriber.engine.interface import Clip
from transcriber.settings import DecodingSettings
from transcriber.speech.cutting import cut_at_pauses, with_silence
from transcriber.speech.detector import SpeechDetector
from transcriber.speech.network import Network, make_network
from transcriber.speech.spans import Span, SpeechSettings, find_speech
from transcriber.speech.weights import read_weights


def make_ear() -> Network:
    """Return what hears speech, for one `Listener` after the other."""
    return make_network(read_weights())


class Listener:
    """Listens to one recording.

    Parameters
    ----------
    settings : DecodingSettings
        When somebody speaks, and whether the rest is decoded, too.
    ear : Network
        What hears it; no other one listens with it before this is done.
    """

    def __init__(self, settings: DecodingSettings, ear: Network) -> None:
        self._settings = settings
        ear.forget()
        self._detector = SpeechDetector(ear)
        self._samples = 0

    def listen(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Hand blocks of samples on, and hear what is in them."""
        for block in blocks:
            self._samples += len(block) // 2
            self._detector.hear(as_float(block))
            yield block

    def clips(self, within: Iterable[Clip]) -> list[Clip]:
        """Return what is worth decoding, cut at pauses only.

        Parameters
        ----------
        within : iterable of Clip
            The parts of the recording that the user wants.
        """
        settings = self._settings
        speech = find_speech(
            self._detector.probabilities().tolist(),
            self._samples,
            SpeechSettings(
                threshold=settings.vad_threshold,
                min_silence_ms=settings.vad_min_silence_ms,
                pad_ms=settings.vad_speech_pad_ms,
            ),
        )
        return [clip for part in within for clip in self._cut(speech, part)]

    def _cut(self, speech: list[Span], within: Clip) -> Iterator[Clip]:
        """Yield the clips of one part."""
        first, end = within
        if end <= first:
            return
        whole = Span(start=first * HOP_LENGTH, end=end * HOP_LENGTH)
        parts = cut_at_pauses([span for each in speech if (span := each.within(whole)) is not None])
        if self._settings.vad_filter is False:
            parts = with_silence(parts, whole)
        for part in parts:
            yield part.start // HOP_LENGTH, -(-part.end // HOP_LENGTH)
