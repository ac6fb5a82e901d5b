"""A transcript in the forms that OpenAI's clients read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from transcriber.engine.interface import Segment, Transcript
from transcriber.languages import language_name
from transcriber.service.openai.parameters import Parameters

_SEGMENT = (
    *("id", "seek", "start", "end", "text", "tokens"),
    *("temperature", "avg_logprob", "compression_ratio", "no_speech_prob"),
)


class Said:
    """What a client has been told of a text.

    It goes by what is known of a job, not by its events: some are told anew when another process
    goes on with it, and a client that is slow misses some.
    """

    def __init__(self) -> None:
        self.text = ""
        self._count = 0

    def delta(self, segments: Sequence[Segment]) -> str:
        """Return what is new in the segments of the job."""
        fresh = segments[self._count :]
        self._count += len(fresh)
        delta = "".join(segment["text"] for segment in fresh)
        delta = delta if self.text else delta.lstrip()
        self.text += delta
        return delta


def text_of(segments: Sequence[Segment]) -> str:
    """Return the text of segments."""
    return "".join(segment["text"] for segment in segments).strip()


def usage(duration: float) -> dict[str, Any]:
    """Return what OpenAI would charge for: the seconds of the recording.

    Examples
    --------
    >>> usage(7.1)
    {'type': 'duration', 'seconds': 8}
    """
    return {"type": "duration", "seconds": math.ceil(duration)}


def plain(transcript: Transcript, duration: float, parameters: Parameters) -> dict[str, Any]:
    """Return the answer to ``response_format=json``."""
    answer: dict[str, Any] = {"text": text_of(transcript["segments"]), "usage": usage(duration)}
    if parameters.with_probabilities:
        answer["logprobs"] = [*_probabilities(transcript["segments"])]
    return answer


def verbose(transcript: Transcript, duration: float, parameters: Parameters) -> dict[str, Any]:
    """Return the answer to ``response_format=verbose_json``.

    Segments are in it whatever granularity is asked for, since clients expect them.
    """
    segments = transcript["segments"]
    answer: dict[str, Any] = {
        "task": parameters.task,
        "language": language_name(transcript["language"]).lower(),
        "duration": duration,
        "text": text_of(segments),
        "segments": [
            {"id": number, **{name: segment[name] for name in _SEGMENT if name in segment}}  # type: ignore[literal-required]
            for number, segment in enumerate(segments)
        ],
        "usage": usage(duration),
    }
    if parameters.with_words:
        answer["words"] = [
            {"word": word["word"].strip(), "start": word["start"], "end": word["end"]}
            for segment in segments
            for word in segment.get("words", ())
        ]
    return answer


def _probabilities(segments: Sequence[Segment]) -> Iterator[dict[str, Any]]:
    """Yield words with the logarithm of the mean probability of their tokens."""
    for segment in segments:
        for word in segment.get("words", ()):
            probability = word.get("probability")
            if probability:
                text = word["word"]
                yield {
                    "token": text,
                    "logprob": math.log(probability),
                    "bytes": [*text.encode("utf-8", "replace")],
                }
