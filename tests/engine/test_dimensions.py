from __future__ import annotations

import pytest

from transcriber.engine.dimensions import check_computable
from transcriber.models.registry import official_models


def test_every_official_model_can_be_computed() -> None:
    for model in official_models().values():
        check_computable(model.dimensions.as_checkpoint())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"n_text_head": 7}, "7 heads cannot share a width of 384"),
        ({"n_audio_head": 5}, "5 heads cannot share a width of 384"),
        ({"n_mels": 100}, "its n_mels is 100"),
        ({"n_audio_ctx": 750}, "its n_audio_ctx is 750"),
    ],
)
def test_others_cannot(changes: dict[str, int], told: str) -> None:
    dimensions = official_models()["tiny"].dimensions.as_checkpoint()
    with pytest.raises(ValueError, match=told):
        check_computable({**dimensions, **changes})
