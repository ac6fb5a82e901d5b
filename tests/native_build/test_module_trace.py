"""A fresh trace against the lists: all that the program imports and opens, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from utterance import Utterance

from native_build.module_list import FILES, MODULES, read_list
from native_build.module_trace import Used, trace_program
from native_build.traced_runs import Material
from scripts.layout import CHECKPOINTS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def used(models: Path, utterances: list[Utterance]) -> Used:
    recordings = sorted((one.path for one in utterances), key=lambda path: path.stat().st_size)
    material = Material(models=models, checkpoints=CHECKPOINTS, recordings=tuple(recordings))
    return trace_program(Path(sys.executable), material)


def test_the_modules_are_those_of_the_list(used: Used) -> None:
    assert list(used.modules) == read_list(MODULES), "`make modules` writes it anew"


def test_the_files_are_those_of_the_list(used: Used) -> None:
    assert list(used.files) == read_list(FILES), "`make modules` writes it anew"
