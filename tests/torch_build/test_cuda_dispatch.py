"""Dispatches over types are cut to the selected ones, in every form that ATen has."""

from __future__ import annotations

import re

import pytest

from buildkit.errors import RecipeError
from torch_build.cuda.dispatch import narrow, split_arguments


def choose(tag: str) -> tuple[str, ...]:
    return {"gelu": ("Float", "Half"), "none": (), "index": ("Long", "Bool")}.get(tag, ("Float",))


def cases(text: str) -> list[str]:
    return re.findall(r"AT_DISPATCH_CASE\(at::ScalarType::(\w+),", text)


def test_a_group_is_cut_to_the_selected_types() -> None:
    source = (
        'AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, ScalarType::BFloat16, it.dtype(), "gelu", '
        "[&]() { run<scalar_t>(a, b); });"
    )
    narrowed = narrow(source, choose)
    assert narrowed.startswith('AT_DISPATCH_SWITCH( it.dtype(),  "gelu", ')
    assert cases(narrowed) == ["Float", "Half"]
    assert narrowed.count("run<scalar_t>(a, b);") == 2
    assert narrowed.endswith("}));")


def test_a_type_that_the_group_lacks_is_not_added() -> None:
    assert cases(narrow('AT_DISPATCH_FLOATING_TYPES(t, "gelu", [&] { f(); })', choose)) == ["Float"]


def test_a_kernel_of_no_selected_operator_gets_an_empty_switch() -> None:
    narrowed = narrow('AT_DISPATCH_ALL_TYPES_AND(kBool, t, "none", [&] { f(); })', choose)
    assert cases(narrowed) == []
    assert "f()" not in narrowed
    assert narrowed.startswith("AT_DISPATCH_SWITCH(")


def test_types_of_the_second_version_stand_at_the_end() -> None:
    source = (
        'AT_DISPATCH_V2(t, "index", AT_WRAP([&] { f<scalar_t>(x, y); }), '
        "AT_EXPAND(AT_ALL_TYPES_AND_COMPLEX), AT_EXPAND(AT_FLOAT8_TYPES), kHalf, kBool)"
    )
    narrowed = narrow(source, choose)
    assert cases(narrowed) == ["Long", "Bool"]
    assert "AT_WRAP" not in narrowed


def test_a_switch_written_by_hand_keeps_its_own_cases() -> None:
    source = (
        'AT_DISPATCH_SWITCH(t, "index",\n'
        "    AT_DISPATCH_CASE(at::ScalarType::Bool, [&] { b(); })\n"
        "    AT_DISPATCH_CASE_ALL_TYPES_AND2(kBFloat16, kHalf, [&] { f(); }));"
    )
    narrowed = narrow(source, choose)
    assert cases(narrowed) == ["Bool", "Long"]
    assert "b();" in narrowed


def test_a_dispatch_in_another_is_cut_too() -> None:
    source = (
        'AT_DISPATCH_FLOATING_TYPES_AND(kHalf, t, "gelu", [&] {\n'
        '  AT_DISPATCH_INTEGRAL_TYPES(i, "index", [&] { f(); });\n'
        "});"
    )
    assert cases(narrow(source, choose)) == ["Float", "Long", "Half", "Long"]


def test_a_dispatch_in_a_macro_is_cut_and_stays_one() -> None:
    source = (
        "#define RUN(F) \\\n"
        '  AT_DISPATCH_ALL_TYPES_AND2(kHalf, kBFloat16, t, "gelu", [&] { \\\n'
        "    F<scalar_t>(); \\\n"
        "  });\n"
    )
    narrowed = narrow(source, choose)
    assert cases(narrowed) == ["Float", "Half"]
    assert all(line.endswith("\\") for line in narrowed.splitlines()[:-1])


def test_quantized_types_are_dropped_whatever_is_chosen() -> None:
    narrowed = narrow('AT_DISPATCH_QINT_TYPES(t, "gelu", [&] { f(); })', choose)
    assert cases(narrowed) == []


def test_indices_keep_their_types() -> None:
    source = 'AT_DISPATCH_INDEX_TYPES(t, "gelu", [&] { f<index_t>(); })'
    assert narrow(source, choose) == source


def test_an_unknown_form_of_a_type_stops_the_build() -> None:
    with pytest.raises(RecipeError, match="names the type 'my_type'"):
        narrow('AT_DISPATCH_FLOATING_TYPES_AND(my_type, t, "gelu", [&] { f(); })', choose)


def test_arguments_are_cut_as_the_preprocessor_does() -> None:
    text = 'f(a, "x, )", g(b, c), [&] { return 1; /* , ) */ }) rest'
    arguments, end = split_arguments(text, 2)
    assert arguments == ["a", ' "x, )"', " g(b, c)", " [&] { return 1; /* , ) */ }"]
    assert text[end:] == " rest"
    with pytest.raises(RecipeError, match="not closed"):
        split_arguments("f(a, b", 2)
