from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from buildkit.errors import RecipeError
from torch_build.operators import (
    NESTED,
    Operator,
    Selection,
    merge,
    missing,
    read_operators,
    write_operators,
)

REVIEWED = Path(__file__).resolve().parents[2] / "torch-build" / "operators.yaml"

SELECTION = Selection(
    operators=(
        Operator(name="aten::_softmax", dtypes=("Float",), call=NESTED),
        Operator(name="aten::add.Tensor", dtypes=("Float", "Long")),
        Operator(name="aten::indices", dtypes=("Bool", "Long"), sparse=True),
    ),
    bindings={"torch": ("add", "from_numpy"), "Tensor": ("T", "__add__"), "nn": ("gelu",)},
    extension=("_set_grad_enabled",),
    modules={"executed": ("torch._tensor",), "imported": ("torch.utils.hooks",)},
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_operators(tmp_path / "operators.yaml", SELECTION)
    assert read_operators(tmp_path / "operators.yaml") == SELECTION


def test_the_order_of_a_selection_does_not_show(tmp_path: Path) -> None:
    backwards = Selection(
        operators=SELECTION.operators[::-1],
        bindings={
            group: names[::-1] for group, names in reversed(list(SELECTION.bindings.items()))
        },
        extension=SELECTION.extension,
        modules=SELECTION.modules,
    )
    write_operators(tmp_path / "a", SELECTION)
    write_operators(tmp_path / "b", backwards)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_file_is_for_people_too(tmp_path: Path) -> None:
    write_operators(tmp_path / "operators.yaml", SELECTION)
    text = (tmp_path / "operators.yaml").read_text()
    assert text.startswith("# ")
    assert "- {name: aten::add.Tensor, dtypes: [Float, Long], call: direct}\n" in text
    assert "- {name: aten::indices, dtypes: [Bool, Long], call: direct, sparse: true}\n" in text


def test_names_that_yaml_takes_for_something_else_survive(tmp_path: Path) -> None:
    odd = Selection(bindings={"Tensor": ("false", "no", "null", "y")}, extension=("1e3", "~"))
    write_operators(tmp_path / "operators.yaml", odd)
    assert read_operators(tmp_path / "operators.yaml") == odd


def test_an_empty_selection_is_read_back(tmp_path: Path) -> None:
    write_operators(tmp_path / "operators.yaml", Selection())
    assert read_operators(tmp_path / "operators.yaml") == Selection()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("- a", "not a mapping"),
        ("operators: [", "operators.yaml"),
        ("operaters: []", "operaters"),
        ("operators: 3", "not a list"),
        ("operators: [{name: 'aten::add', dtypes: []}]", "name, dtypes and call"),
        ("operators: [{name: add, dtypes: [], call: direct}]", "valid name"),
        ("operators: [{name: 'aten::add', dtypes: [], call: often}]", "valid name or call"),
        ("operators: [{name: 'aten::add', dtypes: Float, call: direct}]", "list of names"),
        ("operators: [{name: 'aten::a', dtypes: [], call: direct, sparse: 1}]", "sparse"),
        (2 * "\n- {name: 'aten::add', dtypes: [], call: direct}", "twice"),
        ("bindings: {toch: [add]}", "bindings"),
        ("modules: {executed: torch}", "modules.executed"),
        ("extension: [1]", "extension"),
    ],
)
def test_a_wrong_file_is_named_with_the_reason(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "operators.yaml"
    path.write_text(f"operators: {content}" if content.startswith("\n") else content)
    with pytest.raises(RecipeError, match=reason) as failure:
        read_operators(path)
    assert str(path) in str(failure.value)


def test_a_file_that_is_not_there_is_an_error_of_input(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="nowhere"):
        read_operators(tmp_path / "nowhere.yaml")


def test_merging_keeps_everything() -> None:
    other = Selection(
        operators=(
            Operator(name="aten::_softmax", dtypes=("Half",)),
            Operator(name="aten::mul.Tensor", dtypes=("Float",), call=NESTED),
        ),
        bindings={"torch": ("add", "mul")},
        modules={"executed": ("torch.utils.hooks",)},
    )
    merged = merge([SELECTION, other])
    by_name = {operator.name: operator for operator in merged.operators}
    assert [operator.name for operator in merged.operators] == sorted(by_name)
    assert by_name["aten::_softmax"] == Operator(name="aten::_softmax", dtypes=("Float", "Half"))
    assert by_name["aten::mul.Tensor"].call == NESTED
    assert by_name["aten::indices"].sparse
    assert merged.bindings["torch"] == ("add", "from_numpy", "mul")
    assert merged.modules == {"executed": ("torch._tensor", "torch.utils.hooks")}
    assert missing(SELECTION, merged) == missing(other, merged) == []


def test_nothing_is_missing_from_itself_or_from_more() -> None:
    assert missing(SELECTION, SELECTION) == []
    assert missing(Selection(), SELECTION) == []


def test_everything_is_missing_from_nothing() -> None:
    lines = missing(SELECTION, Selection())
    for name in ("aten::_softmax", "aten::add.Tensor", "torch.from_numpy", "Tensor.T", "nn.gelu"):
        assert any(name in line for line in lines), name
    assert "module torch._tensor" in lines


@pytest.mark.parametrize(
    ("index", "change", "expected"),
    [
        (0, {"call": "direct"}, "operator aten::_softmax called by Python"),
        (0, {"sparse": True}, "operator aten::_softmax on sparse tensors"),
        (1, {"dtypes": ("Float", "Half", "Long")}, "operator aten::add.Tensor for Half"),
        (1, {"name": "aten::add.Scalar"}, "operator aten::add.Scalar (Float, Long)"),
    ],
)
def test_one_missing_thing_is_told(index: int, change: dict[str, object], expected: str) -> None:
    operators = list(SELECTION.operators)
    operators[index] = replace(operators[index], **change)  # type: ignore[arg-type]
    assert missing(replace(SELECTION, operators=tuple(operators)), SELECTION) == [expected]


def test_imports_and_the_rest_of_the_extension_do_not_count() -> None:
    fresh = Selection(extension=("_something",), modules={"imported": ("torch._dynamo",)})
    assert missing(fresh, Selection()) == []


def test_the_reviewed_file_can_be_read_and_is_as_it_would_be_written(tmp_path: Path) -> None:
    write_operators(tmp_path / "again.yaml", read_operators(REVIEWED))
    assert (tmp_path / "again.yaml").read_bytes() == REVIEWED.read_bytes()


def test_the_reviewed_file_holds_what_whisper_is_made_of() -> None:
    operators = {operator.name: operator for operator in read_operators(REVIEWED).operators}
    # With oneDNN switched off there is a convolution that the build has.
    assert "aten::_slow_conv2d_forward" in operators
    assert not any("mkldnn" in name for name in operators)
    flash = operators["aten::_scaled_dot_product_flash_attention_for_cpu"]
    assert flash.dtypes == ("Float",)
    assert operators["aten::_fft_r2c"].dtypes == ("ComplexFloat", "Float")
    assert operators["aten::indices"].sparse
