from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import torch

from transcriber.errors import LimitError, ModelError, StorageError, UsageError
from transcriber.models import importing, registry
from transcriber.models.checkpoints import openai, published
from transcriber.models.importing import import_checkpoint
from transcriber.models.registry import Dimensions, OfficialModel
from transcriber.models.store import expected_file, locate, stored_models

from .checkpoints.samples import (
    DIMENSIONS,
    Weights,
    ctranslate2_variables,
    encode_ctranslate2,
    loaded_model,
    logits,
    model_of,
    quantized,
    random_weights,
    save_ctranslate2,
    save_hugging_face,
    save_openai,
)


@pytest.fixture(scope="module")
def weights() -> Weights:
    return random_weights()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def source(tmp_path: Path, weights: Weights) -> Path:
    return save_openai(tmp_path / "my model.pt", weights)


def files(store: Path) -> list[str]:
    return sorted(str(path.relative_to(store)) for path in store.rglob("*") if path.is_file())


def _ctranslate2(folder: Path, weights: Weights) -> Path:
    return save_ctranslate2(folder, encode_ctranslate2(ctranslate2_variables(weights)))


def _int8(folder: Path, weights: Weights) -> Path:
    variables = quantized(ctranslate2_variables(weights), "int8")
    return save_ctranslate2(folder, encode_ctranslate2(variables))


@pytest.mark.parametrize(
    ("save", "origin"),
    [
        (lambda path, weights: save_openai(path.with_suffix(".pt"), weights), "openai"),
        (save_hugging_face, "safetensors"),
        (_ctranslate2, "ctranslate2"),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.bfloat16])
def test_openai_whisper_computes_the_same_with_an_import(
    tmp_path: Path,
    store: Path,
    save: Callable[[Path, Weights], Path],
    origin: str,
    dtype: torch.dtype,
) -> None:
    weights = random_weights(dtype=dtype)
    stored = import_checkpoint(save(tmp_path / "small", weights), name="mine", directory=store)
    assert stored.path == store / "imported" / "mine.pt"
    assert stored.origin == origin
    assert torch.equal(logits(loaded_model(stored.path)), logits(model_of(weights)))


def test_an_import_of_integers_computes_nearly_the_same(
    tmp_path: Path, store: Path, weights: Weights
) -> None:
    stored = import_checkpoint(_int8(tmp_path / "m", weights), name="int8", directory=store)
    expected = logits(model_of(weights))
    difference = (logits(loaded_model(stored.path)) - expected).abs().mean()
    assert 0 < difference < 0.02 * expected.abs().mean()


def test_the_store_knows_an_import(store: Path, source: Path) -> None:
    stored = import_checkpoint(source, name="mine", directory=store)
    content = stored.path.read_bytes()
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert stored.size == len(content)
    assert locate("mine", store) == stored
    assert stored_models(store) == [stored]
    assert files(store) == ["imported/mine.json", "imported/mine.pt"]


def test_the_same_source_gives_the_same_file(
    tmp_path: Path, store: Path, source: Path, weights: Weights
) -> None:
    first = import_checkpoint(source, name="mine", directory=store)
    again = import_checkpoint(source, name="mine", directory=store)
    assert again == first
    assert files(store) == ["imported/mine.json", "imported/mine.pt"]
    hugging_face = save_hugging_face(tmp_path / "hf", weights)
    (hugging_face / "generation_config.json").unlink()
    assert import_checkpoint(hugging_face, name="b", directory=store).sha256 == first.sha256
    assert import_checkpoint(first.path, name="c", directory=store).sha256 == first.sha256


def test_an_import_can_be_imported_onto_itself(store: Path, source: Path) -> None:
    first = import_checkpoint(source, name="mine", directory=store)
    assert import_checkpoint(first.path, name="mine", directory=store) == first
    assert locate("mine", store) == first


def test_alignment_heads_are_kept(tmp_path: Path, store: Path, weights: Weights) -> None:
    folder = save_hugging_face(tmp_path / "hf", weights)
    stored = import_checkpoint(folder, name="mine", directory=store)
    assert torch.load(stored.path, weights_only=True)["alignment_heads"] == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("my model.pt", "my-model"),
        ("a.b+c_d.pt", "a.b+c_d"),
        ("..hidden.pt", "hidden"),
        ("größer.pt", "größer"),
        ("x" * 150 + ".pt", "x" * 100),
        ("--help.pt", "help"),
    ],
)
def test_without_a_name_the_file_gives_one(
    tmp_path: Path, store: Path, source: Path, path: str, name: str
) -> None:
    stored = import_checkpoint(source.rename(tmp_path / path), name=None, directory=store)
    assert stored.name == name
    assert locate(name, store) == stored


def test_without_a_name_the_folder_gives_one(
    tmp_path: Path, store: Path, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _ctranslate2(tmp_path / "swedish (new)", weights)
    monkeypatch.chdir(folder)
    for path in (folder, folder / "model.bin", Path(), Path("model.bin")):
        assert import_checkpoint(path, name=None, directory=store).name == "swedish-new"


def test_a_path_without_letters_needs_a_name(tmp_path: Path, store: Path, source: Path) -> None:
    with pytest.raises(ModelError, match="--name"):
        import_checkpoint(source.rename(tmp_path / "---.pt"), name=None, directory=store)


@pytest.mark.parametrize("name", ["", "a/b", "../a", ".a", "a b", "-a", "a\0", "x" * 101])
def test_a_name_that_is_no_file_name_is_refused_before_anything_is_read(
    store: Path, name: str
) -> None:
    with pytest.raises(UsageError, match="cannot be a model's name"):
        import_checkpoint(Path("nothing"), name=name, directory=store)


@pytest.mark.parametrize("name", ["base", "tiny.en", "large", "turbo"])
def test_an_official_name_needs_the_official_dimensions(
    store: Path, source: Path, name: str
) -> None:
    with pytest.raises(ModelError, match=r"is not the model .* --name"):
        import_checkpoint(source, name=name, directory=store)
    assert not store.exists()


def test_a_file_called_like_an_official_model_is_not_taken_for_it(
    tmp_path: Path, store: Path, source: Path
) -> None:
    with pytest.raises(ModelError, match=r"is not the model base"):
        import_checkpoint(source.rename(tmp_path / "base.pt"), name=None, directory=store)


@pytest.fixture
def official(
    tmp_path: Path, weights: Weights, store: Path, monkeypatch: pytest.MonkeyPatch
) -> OfficialModel:
    """Pretend that OpenAI published the model of these tests."""
    stored = import_checkpoint(
        save_openai(tmp_path / "original.pt", weights), name="mini", directory=store
    )
    model = OfficialModel(
        name="mini",
        aliases=("small-one",),
        address="https://example.org/mini.pt",
        size=stored.size,
        sha256=stored.sha256,
        dimensions=Dimensions(
            mels=80, vocabulary=51865, state=4, heads=2, encoder_layers=1, decoder_layers=2
        ),
    )
    assert model.dimensions.as_checkpoint() == DIMENSIONS
    models = MappingProxyType({"mini": model})
    for module in (registry, published):
        monkeypatch.setattr(module, "official_models", lambda: models)
    shutil.rmtree(store)
    return model


@pytest.mark.parametrize("name", [None, "mini", "small-one"])
def test_weights_of_openai_become_the_file_of_openai(
    tmp_path: Path, store: Path, weights: Weights, official: OfficialModel, name: str | None
) -> None:
    folder = _ctranslate2(tmp_path / "converted", weights)
    stored = import_checkpoint(folder, name=name, directory=store)
    assert stored == expected_file(official, store)
    assert hashlib.sha256(stored.path.read_bytes()).hexdigest() == official.sha256
    assert files(store) == ["mini.pt"]
    assert locate("mini", store) == stored
    status = stored.path.stat()
    assert import_checkpoint(folder, name=name, directory=store) == stored
    assert stored.path.stat() == status


def test_a_damaged_file_of_openai_is_replaced_by_the_right_one(
    tmp_path: Path, store: Path, weights: Weights, official: OfficialModel
) -> None:
    store.mkdir()
    (store / "mini.pt").write_bytes(bytes(official.size))
    folder = _ctranslate2(tmp_path / "converted", weights)
    import_checkpoint(folder, name="mini", directory=store)
    assert locate("mini", store) == expected_file(official, store)


def test_weights_of_openai_may_have_another_name(
    tmp_path: Path, store: Path, weights: Weights, official: OfficialModel
) -> None:
    folder = _ctranslate2(tmp_path / "converted", weights)
    stored = import_checkpoint(folder, name="mine", directory=store)
    assert (stored.name, stored.origin) == ("mine", "ctranslate2")
    assert files(store) == ["imported/mine.json", "imported/mine.pt"]


def test_other_weights_may_have_the_official_name_and_dimensions(
    tmp_path: Path, store: Path, weights: Weights, official: OfficialModel
) -> None:
    stored = import_checkpoint(_int8(tmp_path / "m", weights), name="small-one", directory=store)
    assert stored.name == "mini"
    assert stored.origin == "ctranslate2"
    assert locate("mini", store) == stored


def test_the_file_of_openai_is_never_overwritten_or_hidden_behind(
    tmp_path: Path, store: Path, weights: Weights, official: OfficialModel
) -> None:
    import_checkpoint(_ctranslate2(tmp_path / "c", weights), name=None, directory=store)
    other = save_openai(tmp_path / "mini.pt", random_weights(seed=5))
    for name in (None, "mini", "small-one"):
        with pytest.raises(ModelError, match="has OpenAI's mini already"):
            import_checkpoint(other, name=name, directory=store)
    assert locate("mini", store) == expected_file(official, store)
    assert files(store) == ["mini.pt"]
    assert import_checkpoint(other, name="tuned", directory=store).name == "tuned"


def test_a_failed_import_leaves_nothing_and_keeps_the_former_one(
    tmp_path: Path, store: Path, source: Path
) -> None:
    damaged = tmp_path / "damaged.pt"
    damaged.write_bytes(source.read_bytes()[:-100])
    with pytest.raises(ModelError):
        import_checkpoint(damaged, name="mine", directory=store)
    assert not store.exists()
    former = import_checkpoint(source, name="mine", directory=store)
    with pytest.raises(ModelError):
        import_checkpoint(damaged, name="mine", directory=store)
    assert locate("mine", store) == former


def test_a_full_disk_is_one_clear_error_and_keeps_the_former_one(
    tmp_path: Path, store: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = import_checkpoint(source, name="mine", directory=store)
    other = save_openai(tmp_path / "other.pt", random_weights(seed=3))
    write_openai = openai.write_openai

    def fill_the_disk(sink: Any, checkpoint: Any) -> None:
        class Full:
            size = 0

            def write(self, content: Any, /) -> None:
                self.size += len(content)
                if self.size > 300_000:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                sink.write(content)

        write_openai(Full(), checkpoint)

    monkeypatch.setattr(openai, "write_openai", fill_the_disk)
    with pytest.raises(StorageError, match="No space left on device"):
        import_checkpoint(other, name="mine", directory=store)
    assert files(store) == ["imported/mine.json", "imported/mine.pt"]
    assert locate("mine", store) == former


def test_missing_memory_is_one_clear_error(
    store: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(published, "find_published", fail)
    with pytest.raises(LimitError, match="not enough memory"):
        import_checkpoint(source, name="mine", directory=store)


def test_a_source_that_changes_meanwhile_is_not_stored_as_openai_s(
    tmp_path: Path,
    store: Path,
    weights: Weights,
    official: OfficialModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = openai.read_openai(save_openai(tmp_path / "o.pt", random_weights(seed=9)))
    find_published = published.find_published

    def find_and_change(checkpoint: Any) -> Any:
        found = find_published(checkpoint)
        assert found is not None
        return found[0], lambda sink: openai.write_openai(
            sink, replace(checkpoint, tensors=other.tensors)
        )

    monkeypatch.setattr(published, "find_published", find_and_change)
    with pytest.raises(ModelError, match="changed while it was read"):
        import_checkpoint(_ctranslate2(tmp_path / "c", weights), name=None, directory=store)
    assert files(store) == []


def test_the_module_is_light() -> None:
    heavy = "{'torch', 'numpy', 'whisper'} & set(sys.modules)"
    code = f"import sys, {importing.__name__}; print({heavy})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "set()"


def test_only_a_file_of_torch_needs_torch(tmp_path: Path, store: Path, weights: Weights) -> None:
    """Unpacking weights from a package takes a second less without it."""
    folder = _ctranslate2(tmp_path / "c", weights)
    code = (
        "import sys, pathlib; from transcriber.models.importing import import_checkpoint as i;"
        f"i(pathlib.Path({str(folder)!r}), name='a', directory=pathlib.Path({str(store)!r}));"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "False"
