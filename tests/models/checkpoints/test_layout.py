from __future__ import annotations

from transcriber.models.checkpoints.layout import (
    DIMENSION_NAMES,
    is_stored_by_columns,
    tensor_shapes,
)

from .samples import DIMENSIONS, whisper


def test_names_and_shapes_are_those_of_openai_whisper() -> None:
    dimensions = {**DIMENSIONS, "n_audio_layer": 3, "n_mels": 128}
    model = whisper.model.Whisper(whisper.model.ModelDimensions(**dimensions))
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert tensor_shapes(dimensions) == expected


def test_the_dimensions_are_those_of_openai_whisper() -> None:
    fields = whisper.model.ModelDimensions.__dataclass_fields__
    assert sorted(DIMENSION_NAMES) == sorted(fields)


def test_only_the_weights_of_linear_layers_lie_by_columns() -> None:
    linear = {
        f"{name}.weight"
        for name, module in whisper.model.Whisper(
            whisper.model.ModelDimensions(**DIMENSIONS)
        ).named_modules()
        if isinstance(module, whisper.model.Linear)
    }
    shapes = tensor_shapes(DIMENSIONS)
    assert {name for name in shapes if is_stored_by_columns(name, shapes[name])} == linear
