"""From probabilities of speech, as they come, to when somebody begins and ends to speak."""

from __future__ import annotations

from transcriber.speech.changes import Change
from transcriber.speech.network import FRAME
from transcriber.speech.spans import SAMPLES_PER_MS, SpeechSettings, is_speech, silence_below


class Turns:
    """Follows one sound, and decides as `transcriber.speech.spans.find_speech`.

    A pause is told with its last frame, and not with the one behind it.

    Parameters
    ----------
    settings : SpeechSettings
        When somebody speaks; what is heard around it is the caller's business.

    Examples
    --------
    >>> turns = Turns(SpeechSettings(min_silence_ms=64))
    >>> [int(turns.take(probability)) for probability in (0.1, 0.9, 0.9, 0.9, 0.2, 0.2)]
    [0, 1, 0, 2, 0, 4]
    """

    def __init__(self, settings: SpeechSettings) -> None:
        self._settings = settings
        self._low = silence_below(settings.threshold)
        # The probabilities that tell whether it is speech, and no more.
        self._voiced: list[float] = []
        self._is_speech = False
        # Frames of the pause, with this one.
        self._pause = 0

    def take(self, probability: float) -> Change:
        """Return what the next frame changes."""
        begun = bool(self._voiced)
        if probability >= self._settings.threshold:
            self._pause = 0
            if self._is_speech:
                return Change.NONE
            self._voiced.append(probability)
            self._is_speech = is_speech(self._voiced)
            if self._is_speech:
                return Change.SPEECH
            return Change.NONE if begun else Change.BEGUN
        if not begun:
            return Change.NONE
        is_low = probability < self._low
        self._pause += bool(self._pause or is_low)
        milliseconds = self._pause * FRAME // SAMPLES_PER_MS
        if not is_low or milliseconds < self._settings.min_silence_ms:
            return Change.NONE
        was_speech = self._is_speech
        self._voiced, self._is_speech, self._pause = [], False, 0
        return Change.OVER if was_speech else Change.NOISE
