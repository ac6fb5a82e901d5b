"""What people have made of a transcript: kept beside what was decoded, and never mixed with it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transcriber.files import atomic_writer
from transcriber.jobs.folders import EDITED, Folders
from transcriber.service.http.errors import HttpError

_LONGEST_SECONDS = 1e9
"""Thirty years: beyond any recording, and far from where numbers lose their seconds."""


def is_edited(folders: Folders, job: str) -> bool:
    """Whether somebody has changed the transcript of a job."""
    return _path(folders, job).is_file()


@dataclass(frozen=True, kw_only=True)
class Edited:
    """A transcript that was changed.

    Attributes
    ----------
    segments : list of dict
        All of it.
    revision : int
        How often it was changed.
    decoded : int
        How many segments were decoded when that was done: those behind them are to be added.
    """

    segments: list[dict[str, Any]]
    revision: int
    decoded: int


def joined(edited: Edited | None, decoded: Sequence[Any]) -> list[Any]:
    """Return what somebody has made of a transcript, and what was decoded since."""
    return [*edited.segments, *decoded[edited.decoded :]] if edited else [*decoded]


@dataclass(frozen=True, kw_only=True)
class Edits:
    """The transcripts that were changed.

    Attributes
    ----------
    folders : Folders
        Of all jobs.
    """

    folders: Folders
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, job: str) -> Edited | None:
        """Return what was made of a job's transcript; None where it is as it was decoded."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            found = json.loads(_path(self.folders, job).read_bytes())
            return Edited(
                segments=list(found["segments"]),
                revision=int(found["revision"]),
                decoded=int(found["decoded"]),
            )
        return None

    def put(self, job: str, segments: object, revision: object, decoded: object) -> int:
        """Keep a changed transcript, if it was made of the present one.

        Parameters
        ----------
        job : str
            The job's identifier.
        segments : object
            All segments.
        revision : object
            What the present one is taken for.
        decoded : object
            How many decoded segments it takes in.

        Returns
        -------
        int
            The number of the new revision.

        Raises
        ------
        HttpError
            When somebody else has changed it meanwhile, or it is no transcript.
        StorageError
            When it cannot be written.
        """
        checked = _checked(segments)
        return self._keep(job, lambda _: checked, revision, decoded)

    def patch(self, job: str, parts: object, revision: object, decoded: object) -> int:
        """Keep a changed transcript of which only what is new is given.

        Parameters
        ----------
        job : str
            The job's identifier.
        parts : object
            In order: segments, and runs ``[first, count]`` of those of the present revision.
        revision, decoded : object
            As for `put`.

        Returns
        -------
        int
            The number of the new revision.

        Raises
        ------
        HttpError
            As from `put`, or when nothing was changed yet that runs could be of.
        StorageError
            When it cannot be written.
        """
        if not isinstance(parts, list):
            raise HttpError(400, "parts: a list is missing", param="parts")
        _checked([part for part in parts if not isinstance(part, list)])
        return self._keep(job, lambda present: _put_together(present, parts), revision, decoded)

    def _keep(
        self,
        job: str,
        make: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
        revision: object,
        decoded: object,
    ) -> int:
        if not isinstance(decoded, int) or decoded < 0:
            raise HttpError(400, "decoded: a whole number is missing", param="decoded")
        with self._lock:
            present = self.get(job)
            number = present.revision if present else 0
            if revision != number:
                raise HttpError(
                    409,
                    "the transcript was changed elsewhere: load it anew",
                    code="stale",
                )
            # It may be less for a moment, when a process goes on with the journal of another.
            decoded = max(decoded, present.decoded if present else 0)
            segments = make(present.segments if present else [])
            content = {"revision": number + 1, "decoded": decoded, "segments": segments}
            with atomic_writer(_path(self.folders, job)) as stream:
                stream.write(json.dumps(content).encode())
        return number + 1

    def remove(self, job: str) -> None:
        """Go back to what was decoded."""
        with self._lock, contextlib.suppress(OSError):
            _path(self.folders, job).unlink()


def _path(folders: Folders, job: str) -> Path:
    return folders.of(job) / EDITED


def _checked(segments: object) -> list[dict[str, Any]]:
    """Refuse what no export could show."""
    if not isinstance(segments, list):
        raise HttpError(400, "segments: a list is missing", param="segments")
    for segment in segments:
        if not _is_said(segment, "text") or not _has_words(segment):
            raise HttpError(
                400, "segments: each needs a start, an end and a text", param="segments"
            )
    return segments


def _put_together(present: list[dict[str, Any]], parts: list[Any]) -> list[dict[str, Any]]:
    """Return what the parts of a change stand for, numbered anew."""
    segments: list[dict[str, Any]] = []
    for part in parts:
        if not isinstance(part, list):
            segments.append(part)
            continue
        if len(part) != 2 or not all(type(one) is int and one >= 0 for one in part):
            raise HttpError(400, "parts: a run is [first, count]", param="parts")
        run = present[part[0] : part[0] + part[1]]
        if len(run) != part[1]:
            raise HttpError(400, "parts: a run is of segments that are not there", param="parts")
        segments += run
    return [{**segment, "id": number} for number, segment in enumerate(segments)]


def _has_words(segment: dict[str, Any]) -> bool:
    """Whether the words of a segment are such, where it has any; and who says them."""
    words = segment.get("words", [])
    known = all(isinstance(segment.get(name, ""), str) for name in ("speaker",))
    return known and isinstance(words, list) and all(_is_said(word, "word") for word in words)


def _is_said(part: object, name: str) -> bool:
    """Whether something is said, at some time."""
    return (
        isinstance(part, dict)
        and isinstance(part.get(name), str)
        and all(_is_number(part.get(bound), _LONGEST_SECONDS) for bound in ("start", "end"))
        and (part.get("probability") is None or _is_number(part["probability"], 1))
    )


def _is_number(value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most
