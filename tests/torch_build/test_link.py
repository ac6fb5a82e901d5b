"""The link: what is removed, what is exported, and what is absent."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest

from buildkit.errors import RecipeError
from buildkit.package_pins import read_pins
from buildkit.places import build_cache
from buildkit.sysroot import PINS, sysroot_in
from buildkit.toolchain import Toolchain, find_toolchain
from torch_build.link import MODULE, absent_symbols, link, sleef_aliases, stub_source

MAIN = """
#include <stdexcept>
#include <string>
int elsewhere(int);
std::string label(double, const char*);
struct Unbuilt { virtual ~Unbuilt(); };
__attribute__((used, section(".text.dead"))) static int dead() { return elsewhere(1); }
extern "C" int unused_helper() { return elsewhere(2); }
extern "C" __attribute__((visibility("default"))) const char* PyInit__C() {
  static std::string text;
  try {
    text = label(1.0, "x");
  } catch (const std::runtime_error& error) {
    text = error.what();
  }
  return text.c_str();
}
extern "C" [[noreturn]] void torch_absent(const char* name) { throw std::runtime_error(name); }
"""


@pytest.fixture
def tools() -> Toolchain:
    sysroot = sysroot_in(build_cache(), read_pins(PINS))
    if not (sysroot.root.is_dir() and shutil.which("clang++-19")):
        pytest.skip("the tool chain of the build is not on this machine")
    return find_toolchain(sysroot)


def compiled(text: str, folder: Path, tools: Toolchain) -> Path:
    source, output = folder / "main.cpp", folder / "main.o"
    source.write_text(text)
    flags = [*tools.sysroot.flags, "-fPIC", "-O1", "-ffunction-sections", "-fvisibility=hidden"]
    subprocess.run([tools.cxx, *flags, "-c", "-o", output, source], check=True, timeout=120)
    return output


def test_a_call_of_what_is_absent_raises_an_error_with_its_name(
    tmp_path: Path, tools: Toolchain
) -> None:
    text = MAIN.replace("__attribute__((used, section", "__attribute__((section")
    link([compiled(text, tmp_path, tools)], tmp_path / "out", tools, tmp_path / "no exports")
    # The two other calls are in functions that nothing calls.
    assert (tmp_path / "out/absent.txt").read_text().split() == ["_Z5labelB5cxx11dPKc"]
    # Where no test before has loaded it.
    ctypes.CDLL(str(tools.sysroot.openmp_library))
    library = ctypes.CDLL(str(tmp_path / "out" / MODULE))
    library.PyInit__C.restype = ctypes.c_char_p
    assert library.PyInit__C() == b"_Z5labelB5cxx11dPKc"
    assert not hasattr(library, "torch_absent")
    assert (tmp_path / "out/_C.map").read_text().startswith(" ")


def test_two_links_give_the_same_bytes(tmp_path: Path, tools: Toolchain) -> None:
    object_file = compiled(
        MAIN.replace("__attribute__((used, ", "__attribute__(("), tmp_path, tools
    )
    contents = []
    for name in ("one", "other"):
        link([object_file], tmp_path / name, tools, tmp_path / "no exports")
        contents.append((tmp_path / name / MODULE).read_bytes())
    assert contents[0] == contents[1]


def test_an_absent_class_is_an_error(tmp_path: Path, tools: Toolchain) -> None:
    text = MAIN.replace("text = label", "Unbuilt unbuilt; text = label")
    text = text.replace("virtual ~Unbuilt()", "virtual void f(); int x = 0")
    text = text.replace("Unbuilt unbuilt;", "auto* u = new Unbuilt; u->f();")
    with pytest.raises(RecipeError, match="no file defines vtable for Unbuilt"):
        link([compiled(text, tmp_path, tools)], tmp_path / "out", tools, tmp_path / "no exports")


def test_sleef_is_asked_for_the_kernel_s_own_processor() -> None:
    undefined = "Sleef_expf8_u10\nSleef_expd8_u10\nSleef_powf16_u10\nSleef_fmodd4\n"
    assert sleef_aliases(undefined) == {
        "Sleef_expf8_u10": "Sleef_expf8_u10avx2",
        "Sleef_expd8_u10": "Sleef_expd8_u10avx512f",
        "Sleef_powf16_u10": "Sleef_powf16_u10avx512f",
        "Sleef_fmodd4": "Sleef_fmodd4_avx2",
    }


def test_there_is_a_stub_for_each_name() -> None:
    source = stub_source(["_Z1av", "_Z1bv"])
    assert source.count("jmp torch_absent") == 2
    assert '.asciz "_Z1bv"' in source


def test_names_of_c_libraries_are_not_absent(tmp_path: Path, tools: Toolchain) -> None:
    text = 'extern "C" int puts(const char*); extern "C" int Py_Missing(); int gone();'
    text += 'extern "C" int f() { return puts("") + Py_Missing() + gone(); }'
    probe = tmp_path / "probe.so"
    words: list[str | Path] = [
        tools.cxx,
        *tools.sysroot.flags,
        "-shared",
        "-Wl,-z,undefs",
        "-o",
        probe,
    ]
    exported = text.replace(
        'extern "C" int f', 'extern "C" __attribute__((visibility("default"))) int f'
    )
    words.append(compiled(exported, tmp_path, tools))
    subprocess.run(words, check=True, timeout=120)
    assert absent_symbols(probe, tools) == ["_Z4gonev"]
