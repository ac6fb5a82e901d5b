"""Which files the store takes for which models, and that it never takes a damaged one."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest
from download.download_server import FaultServer

from transcriber.download.lock import FileLock, lock_path
from transcriber.download.partial import partial_paths
from transcriber.errors import ModelError, StorageError, UsageError
from transcriber.models.packed import packed_cache, packed_places
from transcriber.models.registry import OfficialModel, official_models
from transcriber.models.store import (
    expected_file,
    imported_path,
    locate,
    remove,
    stored_models,
    verify,
    write_sidecar,
)
from transcriber.models.stored import StoredModel

Registered = tuple[OfficialModel, FaultServer]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    path.mkdir()
    return path


def import_model(name: str, store: Path, content: bytes = b"imported") -> StoredModel:
    path = imported_path(name, store)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    model = StoredModel(
        name=name,
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        origin="safetensors",
    )
    write_sidecar(model)
    return model


def test_official_files_have_the_names_that_openai_whisper_gives_them() -> None:
    names = {model.name: model.file_name for model in official_models().values()}
    assert names == {name: f"{name}.pt" for name in names}
    assert len(names) == 12


def test_nothing_is_there(store: Path) -> None:
    assert locate("base", store) is None
    assert locate("no/such/../model", store) is None
    assert locate("base", store / "missing") is None
    assert stored_models(store / "missing") == []


@pytest.mark.parametrize("name", ["test", "test-alias"])
def test_an_official_file_is_found(
    store: Path, registered: Registered, content: bytes, name: str
) -> None:
    (store / "test.pt").write_bytes(content)
    expected = expected_file(registered[0], store)
    assert locate(name, store) == expected
    assert expected.origin == "official"
    assert expected.name == "test"
    assert stored_models(store) == [expected]


@pytest.mark.parametrize("damage", ["longer", "shorter", "flipped", "flipped later"])
def test_a_damaged_official_file_is_never_used(
    store: Path, registered: Registered, content: bytes, damage: str
) -> None:
    path = store / "test.pt"
    import_model("test", store)
    if damage == "flipped later":
        path.write_bytes(content)
        assert locate("test", store) is not None
    changed = bytearray(content)
    if damage == "longer":
        changed += b"?"
    elif damage == "shorter":
        changed.pop()
    else:
        changed[len(changed) // 2] ^= 4
    path.write_bytes(changed)
    for _ in range(2):
        with pytest.raises(ModelError, match="`transcriber models fetch test`"):
            locate("test", store)


def test_an_imported_model_is_found(store: Path) -> None:
    imported = import_model("my.model", store)
    assert imported.path == store / "imported" / "my.model.pt"
    assert locate("my.model", store) == imported
    assert stored_models(store) == [imported]
    described = json.loads((store / "imported" / "my.model.json").read_text())
    assert described == {
        "name": "my.model",
        "sha256": imported.sha256,
        "size": 8,
        "origin": "safetensors",
    }


def test_the_official_file_comes_before_an_import(
    store: Path, registered: Registered, content: bytes
) -> None:
    imported = import_model("test", store)
    assert locate("test", store) == imported
    assert locate("test-alias", store) == imported
    (store / "test.pt").write_bytes(content)
    assert locate("test", store) == expected_file(registered[0], store)


def test_an_alias_is_imported_under_the_official_name(store: Path) -> None:
    assert imported_path("turbo", store) == store / "imported" / "large-v3-turbo.pt"


@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a/b", "a b", "a\n", "x" * 101, "-x"])
def test_a_name_that_cannot_be_a_file_is_refused(store: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a model's name"):
        imported_path(name, store)


def test_a_damaged_import_is_never_used(store: Path) -> None:
    model = import_model("mine", store)
    model.path.write_bytes(b"IMPORTED")
    with pytest.raises(ModelError, match=r"damaged.*`transcriber models import`"):
        locate("mine", store)


def test_an_import_that_was_never_finished_is_none(store: Path) -> None:
    import_model("mine", store)
    (store / "imported" / "mine.json").unlink()
    assert locate("mine", store) is None
    assert stored_models(store) == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"sha256": "", "size": null, "origin": ""}', "\xff"]
)
def test_an_unreadable_description_is_one_clear_line(store: Path, text: str) -> None:
    import_model("mine", store)
    (store / "imported" / "mine.json").write_text(text, encoding="latin-1")
    with pytest.raises(ModelError, match=r"description .*mine\.json .* cannot be read"):
        locate("mine", store)
    assert stored_models(store) == []


def test_verify_reads_the_file_when_asked_to(store: Path) -> None:
    model = import_model("mine", store)
    verify(model)
    status = model.path.stat()
    descriptor = os.open(model.path, os.O_WRONLY)
    os.pwrite(descriptor, b"I", 0)
    os.close(descriptor)
    os.utime(model.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(ModelError, match="does not have its sha256"):
        verify(model, remembered=False)


def test_verify_of_a_missing_file(store: Path) -> None:
    model = import_model("mine", store)
    model.path.unlink()
    with pytest.raises(ModelError, match="No such file"):
        verify(model)


def test_remove_deletes_all_that_belongs_to_a_model(
    store: Path, registered: Registered, content: bytes
) -> None:
    (store / "test.pt").write_bytes(content)
    (store / "other.pt").write_bytes(b"not ours")
    for path in partial_paths(registered[0], store):
        path.write_bytes(b"unfinished")
    import_model("test", store)
    import_model("mine", store)
    assert len(remove("test-alias", store)) == 5
    assert {path.name for path in store.rglob("*")} == {
        "other.pt",
        "imported",
        "mine.pt",
        "mine.json",
    }
    with pytest.raises(ModelError, match="is not stored"):
        remove("test", store)


def test_remove_deletes_packed_weights(store: Path, registered: Registered, content: bytes) -> None:
    (store / "test.pt").write_bytes(content)
    import_model("mine", store)
    (model,) = [model for model in stored_models(store) if model.name == "mine"]
    official = expected_file(registered[0], store)
    packed_cache().mkdir(parents=True)
    packed = [
        *packed_places(official, "int8-int16"),
        store / "test.0123456789ab.float32.packed",
        *packed_places(model, "bfloat16"),
    ]
    for path in packed:
        path.write_bytes(b"packed")
    assert set(remove("test", store)) == {store / "test.pt", *packed[:3]}
    assert all(path.exists() for path in packed[3:])
    assert {path.name for path in remove("mine", store)} >= {path.name for path in packed[3:]}
    assert not any(path.exists() for path in packed)
    # The checkpoint may have been deleted by hand.
    packed[0].write_bytes(b"packed")
    assert remove("test", store) == [packed[0]]


def test_remove_deletes_a_damaged_model(store: Path, registered: Registered) -> None:
    (store / "test.pt").write_bytes(b"damaged")
    assert remove("test", store) == [store / "test.pt"]


def test_remove_does_not_disturb_a_download(store: Path, registered: Registered) -> None:
    partial, _ = partial_paths(registered[0], store)
    partial.write_bytes(b"unfinished")
    lock = FileLock(lock_path(registered[0], store))
    assert lock.acquire()
    with pytest.raises(ModelError, match="another process"):
        remove("test", store)
    lock.release()
    assert remove("test", store) == [partial]
    assert list(store.iterdir()) == []


def test_remove_from_a_read_only_file_system(small_disk: Path, registered: Registered) -> None:
    (small_disk / "test.pt").write_bytes(b"there")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], timeout=10, check=True)
    with pytest.raises(StorageError, match="Read-only file system"):
        remove("test", small_disk)
