from __future__ import annotations

import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from transcriber.engine import openai_whisper
from transcriber.engine.fused import checkpoint as checkpoint_module
from transcriber.engine.fused import loading
from transcriber.engine.fused.forms import Forms, choose_forms
from transcriber.engine.fused.loading import alignment_heads, load_packed
from transcriber.engine.fused.packed_file import PackedModel
from transcriber.errors import ModelError, OutOfMemoryError
from transcriber.models.packed import packed_cache, packed_places
from transcriber.models.stored import StoredModel

from .reference_operators import unpack
from .small_models import content, network, save, stored

whisper = openai_whisper.load()

INT8 = choose_forms("int8", "avx2")
FLOAT32 = choose_forms("float32", "avx2")

pytestmark = pytest.mark.usefixtures("reference")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def model(tmp_path: Path) -> StoredModel:
    (tmp_path / "store").mkdir()
    return save(network(), tmp_path / "store" / "mine.pt")


def load(model: StoredModel, forms: Forms = INT8) -> PackedModel:
    packed = load_packed(model, forms)
    assert packed is not None
    return packed


def same(first: PackedModel, second: PackedModel) -> bool:
    pairs = zip([*first.encoder, *first.decoder], [*second.encoder, *second.decoder], strict=True)
    return all(a.dtype == b.dtype and content(a) == content(b) for a, b in pairs)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_weights_are_the_checkpoints(model: StoredModel) -> None:
    state = torch.load(model.path)["model_state_dict"]
    packed = load(model, FLOAT32)
    conv = unpack(packed.encoder[0], packed.encoder[1])
    expected = state["encoder.conv1.weight"].float().permute(0, 2, 1).reshape(128, 240)
    assert torch.equal(conv, expected)
    assert torch.equal(packed.encoder[6], state["encoder.positional_embedding"].float())
    query = "encoder.blocks.0.attn"
    qkv = unpack(packed.encoder[9], packed.encoder[10])
    parts = [state[f"{query}.{part}.weight"].float() for part in ("query", "key", "value")]
    assert torch.equal(qkv, torch.cat(parts))
    bias = packed.encoder[11]
    assert torch.equal(bias[:128], state[f"{query}.query.bias"].float())
    assert not bias[128:256].any()
    assert torch.equal(bias[256:], state[f"{query}.value.bias"].float())
    # What half precision holds is stored so.
    embedding = state["decoder.token_embedding.weight"]
    assert packed.decoder[0].dtype == torch.float16
    logits = unpack(packed.decoder[0], packed.decoder[1])
    assert torch.equal(logits[: len(embedding)], embedding.float())
    assert not logits[len(embedding) :].any()


def test_what_half_precision_rounds_is_stored_in_single(tmp_path: Path) -> None:
    model = save(network(), tmp_path / "single.pt", half=False)
    packed = load(model, FLOAT32)
    assert packed.description.forms == Forms(encoder="float32", decoder="float32")
    assert packed.decoder[0].dtype == torch.float32


@pytest.mark.parametrize("name", ["token_embedding", "blocks.1.mlp.2"])
def test_weights_beyond_half_precision_are_for_the_modules(tmp_path: Path, name: str) -> None:
    model = network()
    with torch.no_grad():
        model.get_parameter(f"decoder.{name}.weight")[3, 5] = 70000
    stored = save(model, tmp_path / "large.pt", half=False)
    assert load_packed(stored, INT8) is None
    assert names(tmp_path) == ["large.pt"]
    # Single precision holds it.
    assert load(stored, FLOAT32).description.forms.decoder == "float32"


@pytest.mark.parametrize("forms", [INT8, FLOAT32])
@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
@pytest.mark.parametrize("name", ["decoder.blocks.1.mlp.0.weight", "encoder.blocks.0.mlp.2.bias"])
def test_weights_that_are_no_numbers_are_told(
    tmp_path: Path, name: str, value: float, half: bool, forms: Forms
) -> None:
    model = network()
    with torch.no_grad():
        model.get_parameter(name).view(-1)[5] = value
    stored = save(model, tmp_path / "damaged.pt", half=half)
    with pytest.raises(ModelError, match=rf"{name} holds values that are not finite"):
        load_packed(stored, forms)
    assert names(tmp_path) == ["damaged.pt"]


def test_whole_numbers_are_no_weights(tmp_path: Path) -> None:
    model = network()
    state = model.state_dict()
    state["decoder.ln.weight"] = state["decoder.ln.weight"].int()
    path = tmp_path / "whole.pt"
    torch.save({"dims": vars(model.dims), "model_state_dict": state}, path)
    with pytest.raises(ModelError, match=r"decoder\.ln\.weight holds torch\.int32, not floating"):
        load_packed(stored(path), INT8)


def test_it_is_packed_once(model: StoredModel, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(model)
    assert names(model.path.parent) == [packed_places(model, INT8.label)[0].name, "mine.pt"]
    monkeypatch.setattr(checkpoint_module, "open_checkpoint", None)
    # The checkpoint is not even looked at.
    model.path.unlink()
    assert same(load(model), first)


@pytest.mark.parametrize("writable", [True, False])
def test_a_checkpoint_that_was_replaced_is_not_kept_under_its_old_digest(
    model: StoredModel, monkeypatch: pytest.MonkeyPatch, writable: bool
) -> None:
    if not writable:
        monkeypatch.setattr(loading, "packed_places", lambda *_: [])
    save(network(seed=2), model.path)
    with pytest.raises(ModelError, match=r"mine\.pt was replaced while it was read: run the same"):
        load(model)
    assert names(model.path.parent) == ["mine.pt"]
    assert names(packed_cache()) == []


def test_a_damaged_file_is_made_anew(model: StoredModel) -> None:
    first = load(model)
    place = packed_places(model, INT8.label)[0]
    whole = place.read_bytes()
    place.write_bytes(whole[:5000] + b"x" + whole[5001:])
    assert same(load(model), first)
    assert place.read_bytes() == whole


def test_what_was_made_of_an_earlier_model_goes(model: StoredModel) -> None:
    load(model)
    load(model, FLOAT32)
    other = save(network(seed=2), model.path)
    load(other)
    assert names(model.path.parent) == [packed_places(other, INT8.label)[0].name, "mine.pt"]


def test_a_folder_that_cannot_be_written_to(
    model: StoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(model)
    packed_places(model, INT8.label)[0].unlink()
    store = model.path.parent
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != store)
    assert same(load(model), first)
    assert names(store) == ["mine.pt"]
    assert names(packed_cache()) == [packed_places(model, INT8.label)[1].name]
    # It is found there.
    monkeypatch.setattr(checkpoint_module, "open_checkpoint", None)
    assert same(load(model), first)


def test_full_disks(model: StoredModel, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(model)
    packed_places(model, INT8.label)[0].unlink()

    class Usage:
        free = 1000

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage)
    assert same(load(model), first)
    assert names(model.path.parent) == ["mine.pt"]
    assert names(packed_cache()) == []


def test_a_disk_that_fills_up(model: StoredModel, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(model)
    packed_places(model, INT8.label)[0].unlink()
    packed_cache().parent.mkdir(parents=True, exist_ok=True)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert same(load(model), first)
    assert names(model.path.parent) == ["mine.pt"]
    assert names(packed_cache()) == []


def test_a_file_of_the_users_has_no_company(model: StoredModel) -> None:
    load(replace(model, origin="file"))
    assert names(model.path.parent) == ["mine.pt"]
    packed, note = names(packed_cache())
    assert note == f"{packed}.source"
    assert len(load(replace(model, origin="file")).decoder) > 0
    assert names(packed_cache()) == [packed, note]


@pytest.mark.parametrize("change", ["removed", "replaced"])
def test_what_was_made_of_a_file_of_the_users_goes_after_it(
    model: StoredModel, tmp_path: Path, change: str
) -> None:
    load(replace(model, origin="file"))
    first = names(packed_cache())
    if change == "removed":
        model.path.unlink()
    else:
        save(network(seed=2), model.path)
    other = save(network(seed=3), tmp_path / "other.pt")
    load(replace(other, origin="file"))
    left = names(packed_cache())
    assert [name[:6] for name in left] == ["other.", "other."]
    assert not set(left) & set(first)


def test_a_pipe_in_the_way_is_replaced(model: StoredModel) -> None:
    place = packed_places(model, INT8.label)[0]
    os.mkfifo(place)
    load(model)
    assert place.is_file()


def test_several_at_once(model: StoredModel) -> None:
    found: list[PackedModel] = []
    threads = [threading.Thread(target=lambda: found.append(load(model))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(same(found[0], other) for other in found)
    assert len(names(model.path.parent)) == 2


def test_other_widths_are_for_openai_whispers_network(tmp_path: Path) -> None:
    model = save(network(n_text_head=4), tmp_path / "mine.pt")
    assert load_packed(model, INT8) is None


def test_no_checkpoint_is_told(model: StoredModel) -> None:
    model.path.write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="is not a Whisper checkpoint: give"):
        load_packed(model, INT8)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["model_state_dict"].pop("decoder.ln.bias"),
        lambda content: content["model_state_dict"].update(more=torch.zeros(1)),
        lambda content: content["dims"].update(n_text_layer=3),
        lambda content: content["dims"].update(n_text_layer=10**9),
        lambda content: content["dims"].update(n_vocab="many"),
        lambda content: content["dims"].update(more=1),
        lambda content: content.pop("dims"),
        lambda content: content.update(alignment_heads=[[7, 0]]),
        lambda content: content.update(alignment_heads=[[0]]),
        lambda content: content.update(alignment_heads="ab"),
        lambda content: content.update(alignment_heads=5),
    ],
)
def test_a_checkpoint_that_does_not_fit_together_is_told(model: StoredModel, change: Any) -> None:
    whole = torch.load(model.path)
    change(whole)
    torch.save(whole, model.path)
    with pytest.raises(ModelError, match="not a Whisper checkpoint in OpenAI's format"):
        load_packed(stored(model.path), INT8)


def test_too_little_memory_is_told(model: StoredModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(torch, "load", fail)
    with pytest.raises(OutOfMemoryError, match="not enough memory for the model mine"):
        load_packed(model, INT8)


def test_alignment_heads(tmp_path: Path) -> None:
    plain = load(save(network(), tmp_path / "plain.pt")).description
    assert alignment_heads(plain, None) == ((1, 0), (1, 1))
    named = load(save(network(), tmp_path / "named.pt", alignment_heads=[[1, 0], (0, 1)]))
    assert alignment_heads(named.description, None) == ((0, 1), (1, 0))


@pytest.mark.parametrize("name", ["base", "large-v3"])
def test_alignment_heads_of_an_official_model(tmp_path: Path, name: str) -> None:
    plain = load(save(network(), tmp_path / "plain.pt")).description
    layers, heads = {"base": (6, 8), "large-v3": (32, 20)}[name]
    changed = plain.dimensions | {"n_text_layer": layers, "n_text_head": heads}
    dims = whisper.model.ModelDimensions(**changed | {"n_text_state": heads, "n_vocab": 1})
    model = whisper.model.Whisper(replace(dims, n_audio_layer=0))
    model.set_alignment_heads(whisper._ALIGNMENT_HEADS[name])
    expected = [tuple(pair) for pair in model.alignment_heads.indices().T.tolist()]
    assert list(alignment_heads(replace(plain, dimensions=changed), name)) == expected
