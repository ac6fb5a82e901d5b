"""``/api/models``: what is stored, what can be fetched, and which one is meant without a word."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transcriber.errors import TranscriberError
from transcriber.jobs.bulletin import Event
from transcriber.machine.memory import needed_memory
from transcriber.models.listing import model_rows
from transcriber.models.obtain import obtain
from transcriber.models.preference import remember_model, remembered_model
from transcriber.models.registry import find_official, require_official
from transcriber.models.store import remove
from transcriber.service.api.views import read_object
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError, http_error
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response, json_response, no_content
from transcriber.service.http.uploads import receive_raw
from transcriber.service.own_program import run_own

_STEP = 1 << 20
"""Bytes of a download after which its progress is told again."""


@dataclass(frozen=True, kw_only=True)
class Models:
    """Answers what is asked about models.

    Attributes
    ----------
    context : Context
        The service.
    """

    context: Context
    _fetching: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def everything(self, _: Request) -> Response:
        """Answer with all models that there are."""
        rows = model_rows(self.context.models)
        return json_response(
            {
                "folder": str(self.context.models),
                "default": self._default(),
                "models": [self._shown(row) for row in rows],
            }
        )

    def fetch(self, request: Request) -> Response:
        """Begin to fetch a model."""
        try:
            official = require_official(request.parameters["model"])
        except TranscriberError as error:
            raise http_error(error) from error
        with self._lock:
            if official.name not in self._fetching:
                self._fetching.add(official.name)
                threading.Thread(target=self._fetch, args=(official.name,), daemon=True).start()
        return json_response({"name": official.name}, status=202)

    def remove(self, request: Request) -> Response:
        """Delete a model."""
        name = request.parameters["model"]
        try:
            remove(name, self.context.models)
        except TranscriberError as error:
            raise http_error(error) from error
        self._tell(name, state="removed")
        return no_content()

    def choose(self, request: Request) -> Response:
        """Have a model used where none is named."""
        name = read_object(request).get("name")
        official = find_official(name) if isinstance(name, str) else None
        if official is None:
            raise HttpError(400, "name: one of OpenAI's models is missing", param="name")
        remember_model(official.name)
        return json_response({"default": self._default()})

    def take_in(self, request: Request) -> Response:
        """Import a checkpoint that is sent as it is."""
        words = ["models", "import", "--model_dir", str(self.context.models)]
        if name := request.first("name"):
            words.append(f"--name={name}")
        folders = self.context.queue.folders
        place = folders.new()
        try:
            path = folders.of(place) / "model.pt"
            receive_raw(request, path)
            code, told, complaint = run_own([*words, "--", str(path)])
        except TranscriberError as error:
            raise http_error(error) from error
        finally:
            folders.remove(place)
        if code:
            raise HttpError(400, complaint.strip().removeprefix("transcriber: "))
        self._tell(name, state="stored")
        return json_response({"told": told.strip()}, status=201)

    def download(self, name: str, done: int, total: int) -> None:
        """Tell how far a download is."""
        self._tell(name, state="fetching", done=done, total=total)

    def _fetch(self, name: str) -> None:
        settings = self.context.settings
        try:
            obtain(
                name,
                directory=self.context.models,
                offline=settings.offline,
                sources=settings.mirrors,
                report=_Spaced(self),
            )
        except TranscriberError as error:
            self._end(name, state="failed", error=str(error))
        except Exception as error:
            self._end(name, state="failed", error=f"{type(error).__name__}: {error}")
        else:
            self._end(name, state="stored")

    def _end(self, name: str, **content: Any) -> None:
        with self._lock:
            self._fetching.discard(name)
        self._tell(name, **content)

    def _tell(self, name: str, **content: Any) -> None:
        event = Event(kind="model", content={"name": name, **content})
        self.context.queue.bulletin.tell(event)

    def _default(self) -> str:
        named = any(word.startswith("--model=") for word in self.context.words)
        return self.context.settings.model if named else self._remembered()

    def _remembered(self) -> str:
        return remembered_model() or self.context.settings.model

    def _shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        official = find_official(row["name"]) is not None
        return {
            "name": row["name"],
            "bytes": row["size"],
            "languages": "en" if row["languages"] == "English" else "all",
            "stored": row["stored"] == "yes",
            "state": row["stored"],
            "fetching": row["name"] in self._fetching,
            # They are kept in half precision.
            "parameters": f"{row['size'] / 2e6:.0f} M" if official else "",
            "official": official,
            "origin": row["origin"],
            "memory_bytes": needed_memory(row["size"]),
        }


class _Spaced:
    """Tells the progress of a download at each full step only."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._told = -_STEP

    def note(self, text: str) -> None:
        """Tell the administrator."""
        self._models.context.log(text)

    def download(self, name: str, done: int, total: int) -> None:
        """Tell how many bytes have arrived."""
        if done - self._told >= _STEP or done == total:
            self._told = done
            self._models.download(name, done, total)
