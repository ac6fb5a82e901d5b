from __future__ import annotations

import re

import pytest

from transcriber.models.checkpoints.naming import Naming

NAMING = Naming(
    separator="/",
    layer=re.compile(r"(encoder|decoder)/layer_(\d{1,4})/(.+)"),
    layer_modules={"norm": "mlp_ln", "ffn/one": "mlp.0"},
    modules={"encoder/norm": "encoder.ln_post"},
    tensors={"encoder/table": "encoder.positional_embedding"},
    parameters={"gamma": "weight", "weight": "weight"},
)


@pytest.mark.parametrize(
    ("name", "translated"),
    [
        ("encoder/norm/gamma", "encoder.ln_post.weight"),
        ("encoder/table", "encoder.positional_embedding"),
        ("decoder/layer_12/norm/gamma", "decoder.blocks.12.mlp_ln.weight"),
        ("encoder/layer_0/ffn/one/weight", "encoder.blocks.0.mlp.0.weight"),
        ("encoder/norm/alpha", None),
        ("encoder/norm", None),
        ("decoder/norm/gamma", None),
        ("decoder/layer_12/gamma", None),
        ("decoder/layer_12345/norm/gamma", None),
        ("decoder/layer_x/norm/gamma", None),
        ("middle/layer_1/norm/gamma", None),
        ("decoder/layer_1/ffn/two/weight", None),
        ("gamma", None),
        ("", None),
    ],
)
def test_a_name_is_translated_or_unknown(name: str, translated: str | None) -> None:
    assert NAMING.translate(name) == translated
