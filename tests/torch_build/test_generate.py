"""Headers from templates, and the list of sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.errors import RecipeError
from torch_build.generate import fill
from torch_build.torchgen_driver import referenced_bindings


def test_a_template_is_filled_as_cmake_does() -> None:
    template = '#define A @A@\n#cmakedefine B\n{"C", "${C}"}\n'
    assert fill(template, {"A": 1}) == '#define A 1\n\n{"C", ""}\n'


def test_a_name_without_a_value_is_an_error() -> None:
    with pytest.raises(RecipeError, match="no value for B"):
        fill("@A@ @B@", {"A": 1})


def test_the_table_s_own_bindings_are_told_from_generated_ones(tmp_path: Path) -> None:
    template = tmp_path / "methods.cpp"
    template.write_text(
        "static PyObject * THPVariable_dim(PyObject* self) {\n}\n"
        '{"dim", THPVariable_dim}, {"__add__", Wrap<THPVariable_add>},\n'
    )
    assert referenced_bindings(template) == {"add"}
