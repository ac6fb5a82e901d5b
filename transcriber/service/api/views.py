"""Jobs as the page sees them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from transcriber.jobs.record import Failure, JobRecord
from transcriber.service.api.edits import is_edited
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError
from transcriber.service.http.request import Request
from transcriber.service.job_options import shown_options

_LANGUAGE = re.compile(r"Detected language: [\w ]+ \(\d+%\)")
"""A note that says no more than ``language`` does: it is not about a weak guess."""

_SMALL = 1 << 20
"""Bytes of a request in JSON that holds no transcript."""


def job_view(
    context: Context, record: JobRecord, places: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """Return a job as JSON can express it.

    Parameters
    ----------
    context : Context
        The service.
    record : JobRecord
        The job.
    places : mapping of str to int, optional
        How many others begin before each that waits, where that is known already.
    """
    queue = context.queue
    options = shown_options(record.words)
    failure = record.failure
    return {
        "id": record.job,
        "name": record.name,
        "state": str(record.state),
        "place": (queue.places() if places is None else places).get(record.job),
        "priority": record.priority,
        "created": record.created,
        "started": record.started,
        "ended": record.ended,
        "duration": record.duration,
        "position": record.position,
        "time_left": queue.time_left(record.job),
        "options": options,
        "language": options.get("language") or record.language,
        "passage_of": _passage_of(record),
        "notes": [note for note in record.notes if not _LANGUAGE.fullmatch(note)],
        "error": _shown(failure) if failure else None,
        "edited": is_edited(queue.folders, record.job),
    }


def _shown(failure: Failure) -> dict[str, Any]:
    return {"code": failure.code, "message": failure.message, "remedy": failure.remedy}


def _passage_of(record: JobRecord) -> str | None:
    """Return the job that a passage is decoded anew of: the recording lies in its folder."""
    owner = record.recording.parent.name
    return None if record.kept or owner == record.job else owner


def find(context: Context, request: Request) -> JobRecord:
    """Return the job that an address names.

    Raises
    ------
    HttpError
        When there is none.
    """
    record = context.queue.job(request.parameters["job"])
    if record is None:
        raise HttpError(404, "there is no such job: it was removed, or never was")
    return record


def read_object(request: Request, limit: int = _SMALL) -> dict[str, Any]:
    """Return the object that a request holds; an empty one where it holds nothing.

    Raises
    ------
    HttpError
        When it is something else.
    """
    content = request.body.read(limit)
    found = read_json(content) if content.strip() else {}
    if not isinstance(found, dict):
        raise HttpError(400, "the request holds no object in JSON")
    return found


def read_json(content: str | bytes) -> Any:
    """Return what JSON says; None where it is none, or has numbers that are not finite."""
    try:
        return json.loads(content, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None


def _refuse(name: str) -> None:
    raise ValueError(name)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _refuse(text)
    return value
