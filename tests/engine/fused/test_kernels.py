from __future__ import annotations

import pytest

from transcriber import operators
from transcriber.engine.fused.kernels import Kernels

pytestmark = pytest.mark.usefixtures("reference")


def test_the_best_are_taken() -> None:
    kernels = Kernels("auto")
    assert kernels.name == "int8 avx2"
    assert kernels.forms.label == "int8-int16"


def test_those_of_an_unfinished_run_are_taken_and_given_back() -> None:
    kernels = Kernels("float32")
    kernels.use("float32 default")
    assert (kernels.name, operators.capability()) == ("float32 default", "default")
    kernels.use("")
    assert (kernels.name, operators.capability()) == ("float32 avx2", "avx2")


def test_the_best_are_taken_after_others() -> None:
    Kernels("int8").use("int8 default")
    assert Kernels("int8").name == "int8 default"
    kernels = Kernels("int8")
    kernels.use("")
    assert (kernels.name, operators.capability()) == ("int8 avx2", "avx2")


@pytest.mark.parametrize("wanted", ["int8 amx", "float32 default", "float32", "nonsense", "int8"])
def test_the_best_are_taken_where_others_are_not_there(wanted: str) -> None:
    kernels = Kernels("int8")
    kernels.use("int8 default")
    kernels.use(wanted)
    assert (kernels.name, operators.capability()) == ("int8 avx2", "avx2")
