"""``/v1/models``: what can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transcriber.models.registry import find_official
from transcriber.models.store import stored_models
from transcriber.models.stored import StoredModel
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response, json_response


@dataclass(frozen=True, kw_only=True)
class Models:
    """Tells which models are here.

    Attributes
    ----------
    context : Context
        The service.
    """

    context: Context

    def everything(self, _: Request) -> Response:
        """Answer with all models that are stored, the default first."""
        default = self.context.settings.model
        found = {model.name: _shown(model) for model in stored_models(self.context.models)}
        # It is fetched when it is asked for.
        found.setdefault(default, _model(default, 0))
        ordered = sorted(found.values(), key=lambda one: (one["id"] != default, one["id"]))
        return json_response({"object": "list", "data": ordered})

    def one(self, request: Request) -> Response:
        """Answer with the model that the address names."""
        name = request.parameters["model"]
        for model in stored_models(self.context.models):
            if model.name == name:
                return json_response(_shown(model))
        if find_official(name) is None:
            raise HttpError(404, f"there is no model {name!r}", code="model_not_found")
        return json_response(_model(name, 0))


def _shown(model: StoredModel) -> dict[str, Any]:
    try:
        created = int(model.path.stat().st_mtime)
    except OSError:
        created = 0
    return _model(model.name, created)


def _model(name: str, created: int) -> dict[str, Any]:
    owner = "openai" if find_official(name) is not None else "local"
    return {"id": name, "object": "model", "created": created, "owned_by": owner}
