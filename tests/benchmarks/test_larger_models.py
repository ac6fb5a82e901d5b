"""Models with random weights, and the turns in which they are measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.measuring import larger_models
from benchmarks.measuring.larger_models import PEER, measure_larger
from benchmarks.measuring.parts import FUSED, STOCK
from benchmarks.peers.random_weights import write_model
from benchmarks.plan import LARGER
from transcriber.models.checkpoints.layout import tensor_shapes
from transcriber.models.checkpoints.reading import read_checkpoint
from transcriber.models.registry import official_models

ANSWERS = """#!/bin/sh
echo '["window"]'
while read -r part; do
    echo "$0 $2" >> "{log}"
    echo 2.5
done
"""


def test_a_model_of_random_weights_is_whole(tmp_path: Path) -> None:
    tiny = official_models()["tiny"].dimensions.as_checkpoint() | {"n_text_layer": 2}
    with (tmp_path / "model.bin").open("wb") as stream:
        write_model(stream, tiny)
    lists = ("alignment_heads", "lang_ids", "suppress_ids", "suppress_ids_begin")
    (tmp_path / "config.json").write_text(json.dumps({name: [] for name in lists}))
    found = read_checkpoint(tmp_path)
    assert found.dimensions == tiny
    assert {name: tensor.shape for name, tensor in found.tensors.items()} == tensor_shapes(tiny)


def test_what_is_measured_are_official_models() -> None:
    assert LARGER.keys() <= official_models().keys()


def test_three_programs_take_turns_on_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHON", "STOCK_PYTHON", "PEERS_PYTHON"):
        path = tmp_path / name
        path.write_text(ANSWERS.replace("{log}", str(tmp_path / "log")))
        path.chmod(0o755)
        monkeypatch.setattr(larger_models, name, path)
    made: list[Path] = []

    def write(size: str, folder: Path) -> tuple[Path, Path]:
        made.append(folder)
        return folder / f"{size}.pt", folder / size

    monkeypatch.setattr(larger_models, "write_random", write)
    monkeypatch.setattr(larger_models, "PEERS_WEIGHTS", tmp_path / "weights")
    series = measure_larger("small", ("all threads", 2), 2)
    assert [(one.subject, one.samples) for one in series] == [
        (subject, (2.5, 2.5)) for subject in (STOCK, FUSED, PEER)
    ]
    assert {one.measurement for one in series} == {"part/window of small/all threads"}
    log = (tmp_path / "log").read_text()
    lines = [line.rsplit("/", 1)[-1].split() for line in log.splitlines()]
    turn = [
        ["STOCK_PYTHON", "benchmarks.measuring.part_child"],
        ["PYTHON", "benchmarks.measuring.fused_part_child"],
        ["PEERS_PYTHON", "benchmarks.peers.ctranslate2_part_child"],
    ]
    assert lines == [*reversed(turn), *turn]
    # Gigabytes are not left behind.
    assert not made[0].exists()
