"""What a client wants of a live transcription: ``session.update``, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from transcriber.errors import UsageError
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError
from transcriber.service.job_options import is_model, job_words
from transcriber.service.openai.parameters import spoken_language
from transcriber.service.openai.realtime_formats import FORMATS, RATES

_INPUT = "session.audio.input"

_TRANSCRIPTION: dict[str, tuple[type, object]] = {
    **dict.fromkeys(("model", "language", "prompt"), (str, "")),
    **dict.fromkeys(("languages", "keywords"), (list, ())),
}
"""Fields of ``transcription`` that mean something here, and what each has at first."""

_DETECTION = {
    "threshold": (0.5, 1),
    "prefix_padding_ms": (300, 5000),
    "silence_duration_ms": (500, 10_000),
}
"""Fields of ``turn_detection``: what each has at first, and at most."""

_FLAT_FORMATS = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
"""Of the older interface."""


@dataclass(frozen=True, kw_only=True)
class RealtimeSettings:
    """What a client wants.

    Attributes
    ----------
    format : str
        One of `FORMATS`.
    rate : int
        Samples per second.
    transcription : mapping
        ``model``, ``language``, ``prompt`` and so on.
    detection : mapping or None
        When somebody speaks: ``threshold``, ``prefix_padding_ms``, ``silence_duration_ms``; None
        where the client commits.
    """

    format: str
    rate: int
    transcription: Mapping[str, Any]
    detection: Mapping[str, Any] | None

    def heard_as(self) -> tuple[object, ...]:
        """Return what cannot change in the middle of a recording."""
        return self.format, self.rate, self.detection


def first_settings(model: str) -> RealtimeSettings:
    """Return what holds before a client says anything but the name of a model."""
    return RealtimeSettings(
        format="audio/pcm",
        rate=FORMATS["audio/pcm"][0],
        transcription={name: first for name, (_, first) in _TRANSCRIPTION.items()}
        | {"model": model},
        detection={name: first for name, (first, _) in _DETECTION.items()},
    )


def updated(settings: RealtimeSettings, session: object) -> RealtimeSettings:
    """Return settings with what ``session.update`` has; what it leaves out stays.

    Raises
    ------
    HttpError
        When something makes no sense, with the parameter's name.
    """
    given = _object(session, "session")
    if given.get("type", "transcription") != "transcription":
        raise refusal("session.type", "this server transcribes, and converses with nobody")
    wishes = _object(_object(given.get("audio", {}), "session.audio").get("input", {}), _INPUT)
    if wishes.get("format") is not None:
        settings = _with_format(settings, _object(wishes["format"], f"{_INPUT}.format"))
    if wishes.get("transcription") is not None:
        settings = _with_transcription(settings, wishes["transcription"])
    if "turn_detection" in wishes:
        settings = _with_detection(settings, wishes["turn_detection"])
    return settings


def nested(session: object) -> dict[str, Any]:
    """Return what ``transcription_session.update`` has, in today's shape.

    Examples
    --------
    >>> nested({"input_audio_format": "g711_ulaw", "turn_detection": None})
    {'audio': {'input': {'format': {'type': 'audio/pcmu'}, 'turn_detection': None}}}
    """
    given = _object(session, "session")
    wishes = {"turn_detection": given["turn_detection"]} if "turn_detection" in given else {}
    if "input_audio_format" in given:
        named = str(given["input_audio_format"])
        wishes = {"format": {"type": _FLAT_FORMATS.get(named, named)}} | wishes
    if "input_audio_transcription" in given:
        wishes["transcription"] = given["input_audio_transcription"]
    return {"audio": {"input": wishes}}


def words_of(context: Context, settings: RealtimeSettings) -> tuple[str, ...]:
    """Return the options of a job.

    Raises
    ------
    HttpError
        When something makes no sense.
    """
    wanted = settings.transcription
    model = wanted["model"]
    named = wanted["language"] or next(iter(wanted["languages"]), "")
    options = {
        "model": model if is_model(context, model) else None,
        "task": "transcribe",
        "language": spoken_language(str(named)),
        "initial_prompt": wanted["prompt"],
        "hotwords": ", ".join(map(str, wanted["keywords"])),
    }
    try:
        return job_words(context, options)
    except UsageError as error:
        raise refusal(f"{_INPUT}.transcription", str(error)) from error


def shown(settings: RealtimeSettings, identifier: str) -> dict[str, Any]:
    """Return the session as clients read it."""
    told = {"type": settings.format}
    heard = {
        "format": told | ({"rate": settings.rate} if settings.format == "audio/pcm" else {}),
        "noise_reduction": None,
        "transcription": _told_transcription(settings),
        "turn_detection": _told_detection(settings),
    }
    return {
        "id": identifier,
        "object": "realtime.transcription_session",
        "type": "transcription",
        "audio": {"input": heard},
        "include": None,
        "expires_at": 0,
    }


def shown_flat(settings: RealtimeSettings, identifier: str) -> dict[str, Any]:
    """Return the session as clients of the older interface read it."""
    names = {name: flat for flat, name in _FLAT_FORMATS.items()}
    return {
        "id": identifier,
        "object": "realtime.transcription_session",
        "input_audio_format": names[settings.format],
        "input_audio_transcription": _told_transcription(settings),
        "turn_detection": _told_detection(settings),
        "expires_at": 0,
    }


def refusal(name: str, message: str) -> HttpError:
    """Return the error for a field that makes no sense."""
    return HttpError(400, f"{name}: {message}", param=name, code="invalid_value")


def _told_transcription(settings: RealtimeSettings) -> dict[str, Any]:
    return {name: value or None for name, value in settings.transcription.items()}


def _told_detection(settings: RealtimeSettings) -> dict[str, Any] | None:
    detection = settings.detection
    return None if detection is None else {"type": "server_vad", **detection}


def _with_format(settings: RealtimeSettings, given: Mapping[str, Any]) -> RealtimeSettings:
    named = given.get("type", settings.format)
    if not isinstance(named, str) or named not in FORMATS:
        raise refusal(f"{_INPUT}.format.type", f"it is one of {', '.join(FORMATS)}")
    usual = FORMATS[named][0]
    rate = given.get("rate") or usual
    allowed = RATES if named == "audio/pcm" else (usual,)
    if rate not in allowed:
        raise refusal(f"{_INPUT}.format.rate", f"it is one of {', '.join(map(str, allowed))}")
    return replace(settings, format=named, rate=int(rate))


def _with_transcription(settings: RealtimeSettings, given: object) -> RealtimeSettings:
    path = f"{_INPUT}.transcription"
    wanted = dict(settings.transcription)
    for name, value in _object(given, path).items():
        if name in _TRANSCRIPTION:
            kind, first = _TRANSCRIPTION[name]
            if value is not None and not isinstance(value, kind):
                raise refusal(f"{path}.{name}", f"it is a {kind.__name__}")
            wanted[name] = first if value is None else value
    return replace(settings, transcription=wanted)


def _with_detection(settings: RealtimeSettings, given: object) -> RealtimeSettings:
    if given is None:
        return replace(settings, detection=None)
    path = f"{_INPUT}.turn_detection"
    wishes = _object(given, path)
    if wishes.get("type", "server_vad") != "server_vad":
        raise refusal(f"{path}.type", "this server has server_vad only")
    firsts = {name: first for name, (first, _) in _DETECTION.items()}
    wanted = dict(settings.detection or firsts)
    for name, (first, most) in _DETECTION.items():
        value = wishes.get(name)
        if value is None:
            continue
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= most:
            raise refusal(f"{path}.{name}", f"it is a number from 0 to {most}")
        wanted[name] = type(first)(value)
    return replace(settings, detection=wanted)


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise refusal(name, "it is an object")
    return value
