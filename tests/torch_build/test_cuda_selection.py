"""Reading what the trace of a GPU's work cannot tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.errors import RecipeError
from torch_build.cuda.selection import read_selection
from torch_build.operators import Operator, Selection, read_operators
from torch_build.verify.interpreters import CHECKOUT

RECIPE = CHECKOUT / "torch-build/cuda"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a copy of the selection whose lists of operators a test may change."""
    path = tmp_path / "selection.toml"
    path.write_text((RECIPE / "selection.toml").read_text())
    return path


def traced(*operators: Operator) -> Selection:
    every = read_operators(RECIPE / "operators.yaml").operators
    return Selection(operators=(*every, *operators))


def test_the_processor_keeps_its_operators() -> None:
    selection = read_selection(RECIPE / "selection.toml")
    names = {one.name for one in selection.operators(traced())}
    assert names.isdisjoint(selection.on_processor)
    assert "aten::_fft_r2c" in selection.on_processor
    assert "aten::addmm" in names


def test_what_only_a_gpu_reaches_is_added_with_its_types() -> None:
    selection = read_selection(RECIPE / "selection.toml")
    found = {one.name: one for one in selection.operators(traced())}
    assert selection.on_gpu_only
    for name, types in selection.on_gpu_only.items():
        assert set(types) - {"sparse"} <= set(found[name].dtypes)
        assert found[name].sparse or "sparse" not in types
    assert found["aten::_sparse_coo_tensor_unsafe"].sparse


def test_a_name_that_is_not_traced_any_more_is_told() -> None:
    selection = read_selection(RECIPE / "selection.toml")
    gone = selection.on_processor[0]
    kept = tuple(one for one in traced().operators if one.name != gone)
    with pytest.raises(RecipeError, match=f"{gone} is not traced any more"):
        selection.operators(Selection(operators=kept))


def test_every_kernel_file_is_named_once() -> None:
    selection = read_selection(RECIPE / "selection.toml")
    assert {"core", "kernels", "without", "headers"} <= selection.files.keys()
    for paths in selection.files.values():
        assert len(set(paths)) == len(paths)
    assert set(selection.files["kernels"]).isdisjoint(selection.files["without"])


@pytest.mark.parametrize("text", ["", "[operators", "[operators]\non_processor = 3\n"])
def test_a_file_of_another_form_is_named(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(RecipeError, match=r"selection\.toml cannot be read"):
        read_selection(path)


def test_a_missing_table_is_told(path: Path) -> None:
    path.write_text(path.read_text().replace("[casts]", "[cast]"))
    with pytest.raises(RecipeError, match="casts"):
        read_selection(path)
