"""``/api/state`` and ``/api/doctor``: what the service is, and whether it can work."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import Any

from transcriber import __version__
from transcriber.doctor.finding import size_in_words
from transcriber.errors import TranscriberError
from transcriber.exporting.formats import FORMATS
from transcriber.languages import language_names
from transcriber.models.preference import remembered_model
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError, http_error
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response, json_response
from transcriber.service.own_program import run_own


@dataclass(frozen=True, kw_only=True)
class StateOfService:
    """Answers what the service is.

    Attributes
    ----------
    context : Context
        The service.
    """

    context: Context

    def get(self, _: Request) -> Response:
        """Answer with what the page needs at its start."""
        queue = self.context.queue
        return json_response(
            {
                "version": __version__,
                "paused": queue.is_paused,
                "decoding": queue.decoder is not None,
                "model": remembered_model() or self.context.settings.model,
                "languages": dict(language_names()),
                "formats": {
                    name: {"media_type": one.media_type, "help": one.help}
                    for name, one in FORMATS.items()
                },
                "subtitles": ["standard", "short", "words"],
                "free_bytes": shutil.disk_usage(queue.folders.root).free,
            }
        )

    def doctor(self, _: Request) -> Response:
        """Answer with what was found on this machine."""
        words = ["doctor", "--json", "--model_dir", str(self.context.models)]
        try:
            told = run_own(words)[1]
            report: dict[str, Any] = json.loads(told)
        except TranscriberError as error:
            raise http_error(error) from error
        except ValueError:
            raise HttpError(500, "doctor gave no answer: try it on the command line") from None
        missing = report.pop("missing", [])
        sections = [
            {"title": title, "findings": _findings(content, of_bytes=title == "memory")}
            for title, content in report.items()
            if isinstance(content, dict)
        ]
        return json_response({"sections": sections, "missing": missing})


def _findings(section: dict[str, Any], *, of_bytes: bool) -> list[dict[str, str]]:
    findings: list[dict[str, str]] = []
    for name, value in section.items():
        unknown = value.get("unknown") if isinstance(value, dict) and len(value) == 1 else None
        level = "ok" if unknown is None else "note"
        text = size_in_words(value) if of_bytes else _in_words(value)
        findings.append({"name": name, "level": level, "text": unknown or text})
    return findings


def _in_words(value: Any) -> str:
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {item}" for key, item in value.items() if item != "")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
