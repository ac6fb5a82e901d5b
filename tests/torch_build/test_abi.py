"""The name of what the add-on may use of ``torch/_C``, and who may meet whom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from torch_build.abi import EXPORTS, abi_name, read_exports, version_script


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    path = tmp_path / "exports.txt"
    path.write_text("# what it is\n_ZN2at1aEv\n\n_ZN2at1bEv\n")
    return path


def test_comments_and_empty_lines_are_no_symbols(exports: Path) -> None:
    assert read_exports(exports) == ("_ZN2at1aEv", "_ZN2at1bEv")


def test_before_the_first_addon_there_are_no_exports(tmp_path: Path) -> None:
    assert read_exports(tmp_path / "none.txt") == ()
    assert re.fullmatch(r"WHISPER_[0-9a-f]{12}", abi_name(tmp_path / "none.txt"))


def test_another_list_is_another_abi(exports: Path) -> None:
    before = abi_name(exports)
    assert abi_name(exports) == before
    exports.write_text(exports.read_text() + "_ZN2at1cEv\n")
    assert abi_name(exports) != before


def test_the_module_exports_its_initialiser_and_the_list_and_no_more(exports: Path) -> None:
    script = version_script(exports)
    assert script.startswith(f"{abi_name(exports)} {{")
    public = script.partition("global:")[2].partition("local:")[0]
    assert re.findall(r"\w+", public) == ["PyInit__C", "_ZN2at1aEv", "_ZN2at1bEv"]
    assert "local: *;" in script


def test_the_list_in_the_repository_is_sorted_and_mangled() -> None:
    names = read_exports(EXPORTS)
    assert names == tuple(sorted(names))
    assert all(name.startswith("_Z") for name in names)
    assert len(names) > 100
