from __future__ import annotations

import base64
import gzip
import re

import pytest

from transcriber.engine import openai_whisper
from transcriber.errors import ModelError
from transcriber.models.registry import (
    AUDIO_CONTEXT,
    TEXT_CONTEXT,
    Dimensions,
    OfficialModel,
    find_official,
    official_models,
    require_official,
)

whisper = openai_whisper.load()

NAMES = list(official_models())


def names_and_aliases() -> dict[str, OfficialModel]:
    models = official_models()
    aliases = {alias: model for model in models.values() for alias in model.aliases}
    assert not set(aliases) & set(models)
    return {**models, **aliases}


def parameters(dimensions: Dimensions) -> int:
    """Count the numbers in a checkpoint: the layers of the Transformer, with their biases.

    The encoder's table of positions is stored too, though it is not learned; keys have no bias.
    """
    state = dimensions.state
    attention = 4 * state**2 + 3 * state
    perceptron = 2 * 4 * state**2 + 4 * state + state
    norm = 2 * state
    encoder_layer = attention + perceptron + 2 * norm
    decoder_layer = 2 * attention + perceptron + 3 * norm
    convolutions = 3 * dimensions.mels * state + state + 3 * state**2 + state
    encoder = convolutions + AUDIO_CONTEXT * state + dimensions.encoder_layers * encoder_layer
    embeddings = (dimensions.vocabulary + TEXT_CONTEXT) * state
    decoder = embeddings + dimensions.decoder_layers * decoder_layer
    return encoder + decoder + 2 * norm


def test_names_and_addresses_are_those_of_openai_whisper() -> None:
    addresses = {name: model.address for name, model in names_and_aliases().items()}
    assert addresses == whisper._MODELS


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_is_sane(name: str) -> None:
    model = official_models()[name]
    assert model.name == name
    assert re.fullmatch("[0-9a-f]{64}", model.sha256)
    assert model.address.startswith("https://")
    assert f"/{model.sha256}/" in model.address
    assert model.file_name == f"{name}.pt"


def test_no_two_entries_are_the_same_file() -> None:
    models = official_models().values()
    assert len({model.file_name for model in models}) == len(models)
    assert len({model.sha256 for model in models}) == len(models)


def test_models_are_in_the_order_of_their_families() -> None:
    sizes = {name: model.size for name, model in official_models().items()}
    assert all(size > 0 for size in sizes.values())
    # large-v3-turbo comes last: it is the newest, and no smaller version of another.
    rising = [size for name, size in sizes.items() if name != "large-v3-turbo"]
    assert rising == sorted(rising)


@pytest.mark.parametrize("name", NAMES)
def test_the_size_is_that_of_the_dimensions(name: str) -> None:
    model = official_models()[name]
    # Half-precision numbers, and a directory of a few hundred bytes a tensor.
    overhead = model.size - 2 * parameters(model.dimensions)
    layers = model.dimensions.encoder_layers + model.dimensions.decoder_layers
    assert 0 < overhead < 15_000 * (layers + 2)


@pytest.mark.parametrize("name", NAMES)
def test_the_dimensions_are_those_that_the_name_implies(name: str) -> None:
    dimensions = official_models()[name].dimensions
    third = name.startswith("large-v3")
    assert dimensions.mels == (128 if third else 80)
    english = name.endswith(".en")
    assert dimensions.vocabulary == (51864 if english else 51865 + third)
    assert dimensions.multilingual is not english
    # All heads of all models are 64 wide.
    assert dimensions.state == 64 * dimensions.heads


@pytest.mark.parametrize("name", NAMES)
def test_the_decoder_is_the_one_that_the_alignment_heads_are_for(name: str) -> None:
    dimensions = official_models()[name].dimensions
    heads = gzip.decompress(base64.b85decode(whisper._ALIGNMENT_HEADS[name]))
    assert len(heads) == dimensions.decoder_layers * dimensions.heads


def test_dimensions_under_the_names_of_a_checkpoint() -> None:
    dimensions = Dimensions(
        mels=80, vocabulary=51865, state=384, heads=6, encoder_layers=4, decoder_layers=3
    )
    given = whisper.model.ModelDimensions(**dimensions.as_checkpoint())
    assert given == whisper.model.ModelDimensions(80, 1500, 384, 6, 4, 51865, 448, 384, 6, 3)


def test_a_model_is_found_by_name_and_alias() -> None:
    for name, model in names_and_aliases().items():
        assert find_official(name) is model
        assert require_official(name) is model
    assert find_official("turbo") is official_models()["large-v3-turbo"]
    assert find_official("large") is official_models()["large-v3"]


@pytest.mark.parametrize("name", ["", "Base", "base.de", "base.pt", "large-v4", "no\nmodel"])
def test_an_unknown_name_is_told(name: str) -> None:
    assert find_official(name) is None
    with pytest.raises(ModelError, match="there is no model named") as caught:
        require_official(name)
    assert repr(name) in caught.value.message
    assert len(str(caught.value).splitlines()) == 1


def test_near_names_are_proposed() -> None:
    with pytest.raises(ModelError) as caught:
        require_official("turbbo")
    assert caught.value.remedy == "did you mean turbo?"
    with pytest.raises(ModelError) as caught:
        require_official("medium.")
    assert caught.value.remedy == "did you mean medium or medium.en?"


def test_all_names_are_listed_where_none_is_near() -> None:
    with pytest.raises(ModelError) as caught:
        require_official("xyz")
    assert caught.value.remedy.startswith("choose one of ")
    assert set(caught.value.remedy[14:].split(", ")) == set(whisper._MODELS)
