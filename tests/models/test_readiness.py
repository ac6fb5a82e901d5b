"""Whether there is a model, or a way to get one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from download.download_server import FaultServer, status

from transcriber.models.readiness import is_whole, readiness
from transcriber.models.registry import OfficialModel
from transcriber.models.store import expected_file, stored_models, undescribed_imports

from .test_store import import_model

pytestmark = pytest.mark.timeout(60)

Registered = tuple[OfficialModel, FaultServer]


def test_a_model_that_is_here(tmp_path: Path, registered: Registered, content: bytes) -> None:
    (tmp_path / "test.pt").write_bytes(content)
    found = readiness("test", tmp_path)
    assert (found.ready, found.as_chosen, found.text) == (True, True, "test is here")
    assert registered[1].requests == []


@pytest.mark.parametrize("damage", ["shorter", "other bytes"])
def test_a_damaged_model_is_no_model(
    tmp_path: Path, registered: Registered, content: bytes, damage: str
) -> None:
    damaged = content[:-1] if damage == "shorter" else content[:-1] + b"?"
    (tmp_path / "test.pt").write_bytes(damaged)
    assert not is_whole(expected_file(registered[0], tmp_path))
    found = readiness("test", tmp_path)
    assert not found.ready
    assert found.text == "test is damaged: `transcriber models fetch test` mends it"


def test_another_model_serves(tmp_path: Path, registered: Registered, content: bytes) -> None:
    import_model("mine", tmp_path)
    found = readiness("test", tmp_path)
    assert (found.ready, found.as_chosen) == (True, False)
    assert found.text == "test is not here; mine is here: --model mine"
    (tmp_path / "imported/mine.pt").write_bytes(b"damaged")
    assert "mine" not in readiness("test", tmp_path).text


def test_a_model_that_can_be_fetched(tmp_path: Path, registered: Registered) -> None:
    found = readiness("test", tmp_path)
    assert found.ready
    assert found.text == "test is not here and is fetched when it is needed, 3.0 MB"


def test_a_model_whose_source_does_not_answer(
    tmp_path: Path, registered: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered[1].script = [status(404)] * 5
    found = readiness("test", tmp_path)
    assert not found.ready
    assert found.text.startswith("test is not here, and cannot be fetched: 127.0.0.1:")
    monkeypatch.setenv("TRANSCRIBER_OFFLINE", "1")
    found = readiness("test", tmp_path)
    assert not found.ready
    assert found.text == "test is not here, and cannot be fetched: the network is forbidden"


@pytest.mark.parametrize("place", ["file", "file/models", "file/models/deep"])
def test_a_model_that_could_not_be_kept(tmp_path: Path, registered: Registered, place: str) -> None:
    (tmp_path / "file").touch()
    found = readiness("test", tmp_path / place)
    assert not found.ready
    assert found.text == (
        "test is not here, and cannot be fetched: "
        f"{tmp_path / 'file'} is no folder that may be written to"
    )
    assert registered[1].requests == []


def test_a_model_that_is_too_large(
    tmp_path: Path, registered: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=registered[0].size - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    assert readiness("test", tmp_path).text == (
        f"test is not here, and cannot be fetched: {tmp_path} has no room for 3.0 MB"
    )


def test_imports_without_a_description_are_told(tmp_path: Path) -> None:
    import_model("whole", tmp_path)
    import_model("bare", tmp_path)
    import_model("garbled", tmp_path)
    (tmp_path / "imported/bare.json").unlink()
    (tmp_path / "imported/garbled.json").write_text("{")
    assert [model.name for model in stored_models(tmp_path)] == ["whole"]
    assert [model.name for model in undescribed_imports(tmp_path)] == ["bare", "garbled"]
