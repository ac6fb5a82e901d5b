"""What ``models list`` shows: each official model and each import, and its state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transcriber.download.partial import partial_paths
from transcriber.models.packed import packed_files
from transcriber.models.readiness import is_whole
from transcriber.models.registry import OfficialModel, find_official, official_models
from transcriber.models.store import expected_file, stored_models, undescribed_imports
from transcriber.models.stored import StoredModel


def model_rows(directory: Path) -> list[dict[str, Any]]:
    """Return a description of each official model and of each import."""
    stored = {model.path: model for model in stored_models(directory)}
    rows = []
    for official in official_models().values():
        expected = expected_file(official, directory)
        state = _state(stored.pop(expected.path, None)) or _unfinished(official, directory)
        rows.append(_row(expected, official, state or "no"))
    for model in stored.values():
        rows.append(_row(model, find_official(model.name), _state(model)))
    for model in undescribed_imports(directory):
        rows.append(_row(model, None, "damaged"))
    return rows


def _row(model: StoredModel, official: OfficialModel | None, state: str) -> dict[str, Any]:
    languages = "unknown"
    if official is not None:
        languages = "multilingual" if official.dimensions.multilingual else "English"
    return {
        "name": model.name,
        "aliases": list(official.aliases) if official else [],
        "size": model.size,
        "languages": languages,
        "origin": model.origin,
        "stored": state,
        "packed": sum(path.stat().st_size for path in packed_files(model)),
        "path": str(model.path),
        "sha256": model.sha256,
    }


def _state(model: StoredModel | None) -> str:
    if model is None:
        return ""
    return "yes" if is_whole(model) else "damaged"


def _unfinished(model: OfficialModel, directory: Path) -> str:
    partial, _ = partial_paths(model, directory)
    return f"{100 * partial.stat().st_size // model.size} %" if partial.is_file() else ""
