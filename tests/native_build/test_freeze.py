from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.errors import RecipeError, ResultError
from buildkit.places import CHECKOUT
from native_build.freeze import LINKER_MAP, check_included, included_modules, read_settings
from native_build.module_list import MODULES, own_modules, read_list, with_parents
from native_parts import part

SETTINGS = """\
[nuitka]
mode = standalone
static-libpython = yes
deployment =
disable-plugin =
    anti-bloat
    # Why.
    implicit-imports
[compiled]
packages =
    transcriber
except =
    transcriber.cuda
[unwanted]
modules =
    numba
    triton
"""


def test_settings_become_options(tmp_path: Path) -> None:
    path = tmp_path / "nuitka.cfg"
    path.write_text(SETTINGS)
    settings = read_settings(path)
    assert settings.options == (
        "--mode=standalone",
        "--static-libpython=yes",
        "--deployment",
        "--disable-plugin=anti-bloat",
        "--disable-plugin=implicit-imports",
    )
    assert settings.compiled == ("transcriber",)
    assert settings.bytecode == ("transcriber.cuda",)
    assert settings.unwanted == ("numba", "triton")


@pytest.mark.parametrize("text", ["", "[nuitka]\n", "nonsense", "[nuitka]\nmode = a\nmode = b\n"])
def test_settings_that_cannot_be_used(tmp_path: Path, text: str) -> None:
    path = tmp_path / "nuitka.cfg"
    path.write_text(text)
    with pytest.raises(RecipeError, match=r"nuitka\.cfg cannot be used"):
        read_settings(path)


def test_no_settings(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be used"):
        read_settings(tmp_path / "missing.cfg")


def test_our_settings_are_those_of_one_small_program() -> None:
    settings = read_settings()
    assert "--mode=standalone" in settings.options
    assert "--reproducible=yes" in settings.options
    assert settings.compiled == ("transcriber",)
    assert set(settings.bytecode) <= set(with_parents(own_modules(CHECKOUT / "transcriber")))


def test_the_list_of_modules_has_nothing_unwanted() -> None:
    packages = {name.partition(".")[0] for name in read_list(MODULES)}
    assert packages.isdisjoint(read_settings().unwanted)


def test_the_report_of_nuitka(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        '<nuitka-compilation-report mode="standalone">'
        '<module name="numpy" kind="UncompiledPythonPackage"/><module name="torch._C"/>'
        "</nuitka-compilation-report>"
    )
    assert included_modules(report) == ["numpy", "torch._C"]


def test_only_listed_modules_may_be_included() -> None:
    check_included(["numpy", "torch"], ["numpy", "torch", "whisper"], ["numba"])
    with pytest.raises(RecipeError, match=r"modules that are not listed: email\.mime"):
        check_included(["numpy", "email.mime"], ["numpy"], ["numba"])


def test_unwanted_modules_are_told_even_when_listed() -> None:
    with pytest.raises(ResultError, match=r"would contain numba\.core"):
        check_included(["numba.core"], ["numba.core"], ["numba"])


@pytest.mark.slow
def test_the_linkers_map_is_kept_with_the_executable_and_not_given_away() -> None:
    frozen = part("frozen")
    text = (frozen / LINKER_MAP).read_text()
    assert "module.transcriber.streams.o:(.text" in text
    assert "libcrypto.a(" in text
    given_away = [path.name for path in (CHECKOUT / "build/native/program").rglob("*.map")]
    assert given_away == []
