"""The link of the add-on: what it needs of ``torch/_C``, and what it must not need."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from buildkit.errors import RecipeError, ResultError
from buildkit.package_pins import read_pins
from buildkit.places import build_cache
from buildkit.sysroot import PINS, sysroot_in
from buildkit.toolchain import Toolchain, find_toolchain
from torch_build.cuda import link as linking
from torch_build.cuda.link import (
    Needed,
    defined_symbols,
    find_needed,
    live_undefined,
    write_exports,
)
from torch_build.link import MODULE

ADDON = """
#include <stdexcept>
namespace at { int offered(int); int absent(int); int unused(int); }
extern "C" int cudaRun();
extern "C" int unused_helper() { return at::unused(1); }
extern "C" __attribute__((visibility("default"))) int PyInit__cuda() {
  return at::offered(1) + at::absent(2) + cudaRun();
}
"""
CORE = """
namespace at {
__attribute__((visibility("default"))) int offered(int number) { return number; }
__attribute__((visibility("hidden"))) int secret(int number) { return number; }
}
"""
RUNTIME = 'extern "C" int cudaRun() { return 0; }\n'


@pytest.fixture
def tools() -> Toolchain:
    sysroot = sysroot_in(build_cache(), read_pins(PINS))
    if not (sysroot.root.is_dir() and shutil.which("clang++-19")):
        pytest.skip("the tool chain of the build is not on this machine")
    return find_toolchain(sysroot)


class Objects:
    """Compiles sources into a folder."""

    def __init__(self, folder: Path, tools: Toolchain) -> None:
        self._folder, self._tools = folder, tools
        self.addon = self.compiled("addon", ADDON)
        self.core = self.compiled("core", CORE)
        self.runtime = self.compiled("runtime", RUNTIME)

    def compiled(self, name: str, text: str) -> Path:
        source, output = (self._folder / f"{name}.{ending}" for ending in ("cpp", "o"))
        source.write_text(text)
        flags = [*self._tools.sysroot.flags, "-fPIC", "-O1", "-ffunction-sections"]
        flags += ["-fvisibility=hidden"]
        command: list[str | Path] = [self._tools.cxx, *flags, "-c", "-o", output, source]
        subprocess.run(command, check=True, timeout=120)
        return output


@pytest.fixture
def objects(tmp_path: Path, tools: Toolchain) -> Objects:
    return Objects(tmp_path, tools)


def test_only_what_living_code_calls_is_needed(
    objects: Objects, tools: Toolchain, tmp_path: Path
) -> None:
    found = live_undefined([objects.addon], tmp_path / "out", tools=tools, runtime=objects.runtime)
    assert sorted(found) == ["_ZN2at6absentEi", "_ZN2at7offeredEi"]


def test_needs_are_told_apart_by_what_the_core_offers(
    objects: Objects, tools: Toolchain, tmp_path: Path
) -> None:
    needed = find_needed(
        [objects.addon], [objects.core], tmp_path / "out", tools=tools, runtime=objects.runtime
    )
    assert needed == Needed(exports=("_ZN2at7offeredEi",), absent=("_ZN2at6absentEi",))


@pytest.mark.parametrize(
    ("declaration", "use", "name"),
    [("int secret(int);", "at::secret(1)", "secret"), ("extern int data;", "at::data", "data")],
)
def test_what_cannot_be_replaced_ends_the_build_with_its_name(
    objects: Objects, tools: Toolchain, tmp_path: Path, declaration: str, use: str, name: str
) -> None:
    text = ADDON.replace("int offered(int);", declaration).replace("at::offered(1)", use)
    addon = objects.compiled("other", text)
    with pytest.raises(RecipeError, match=name):
        find_needed([addon], [objects.core], tmp_path / "out", tools=tools, runtime=objects.runtime)


def test_hidden_symbols_are_defined_and_not_offered(objects: Objects, tools: Toolchain) -> None:
    offered = defined_symbols([objects.core], tools)
    assert offered == {"_ZN2at7offeredEi"}
    assert defined_symbols([objects.core], tools, hidden=True) - offered == {"_ZN2at6secretEi"}


def core_library(objects: Objects, tools: Toolchain, folder: Path) -> Path:
    library, script = folder / MODULE, folder / "version"
    script.write_text("WHISPER_1 { global: _ZN*; local: *; };\n")
    flags = [*tools.sysroot.flags, "-shared", f"-fuse-ld={tools.linker}", f"-Wl,-soname,{MODULE}"]
    flags.append(f"-Wl,--version-script={script}")
    subprocess.run([tools.cxx, *flags, objects.core, "-o", library], check=True, timeout=120)
    return library


ABSENT = """
extern "C" [[noreturn]] void torch_absent(const char*) { __builtin_trap(); }
"""


def test_the_addon_exports_its_initialiser_alone(
    objects: Objects, tools: Toolchain, tmp_path: Path
) -> None:
    needed = Needed(exports=("_ZN2at7offeredEi",), absent=("_ZN2at6absentEi",))
    library = linking.link(
        [objects.addon, objects.compiled("absent", ABSENT)],
        needed,
        core_library(objects, tools, tmp_path),
        tmp_path / "out",
        tools=tools,
        runtime=objects.runtime,
    )
    command: list[str | Path] = [tools.nm, "--dynamic", "--defined-only", library]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in printed.splitlines()] == ["PyInit__cuda"]
    assert (tmp_path / "out/absent.txt").read_text() == "_ZN2at6absentEi\n"
    assert (tmp_path / "out/libtorch_cuda.map").is_file()


def test_functions_of_equal_code_keep_addresses_of_their_own(
    objects: Objects, tools: Toolchain, tmp_path: Path
) -> None:
    # A kernel is known by its address: two that share one would be launched for each other.
    twins = objects.compiled(
        "twins",
        'extern "C" { int one(int n) { return n * 7 + 3; } int two(int n) { return n * 7 + 3; } '
        'using F = int (*)(int); __attribute__((visibility("default"))) int PyInit__cuda() '
        "{ F volatile a = one; F volatile b = two; return a == b; } }",
    )
    library = linking.link(
        [twins, objects.compiled("absent", ABSENT)],
        Needed(exports=(), absent=()),
        core_library(objects, tools, tmp_path),
        tmp_path / "out",
        tools=tools,
        runtime=objects.runtime,
    )
    code = "import ctypes, sys; sys.exit(ctypes.CDLL(sys.argv[1]).PyInit__cuda())"
    variables = {"LD_LIBRARY_PATH": str(tmp_path)}
    done = subprocess.run([shutil.which("python3") or "python3", "-c", code, library],
                          env=variables, check=False)  # fmt: skip
    assert done.returncode == 0


def test_a_library_that_needs_something_else_is_refused(
    objects: Objects, tools: Toolchain, tmp_path: Path
) -> None:
    with pytest.raises(ResultError, match="_ZN2at6absentEi"):
        linking.link(
            [objects.addon],
            Needed(exports=("_ZN2at7offeredEi",), absent=()),
            core_library(objects, tools, tmp_path),
            tmp_path / "out",
            tools=tools,
            runtime=objects.runtime,
        )


def test_the_list_of_exports_tells_whether_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "exports.txt"
    assert write_exports(path, ["_Za", "_Zb"])
    assert not write_exports(path, ["_Za", "_Zb"])
    assert write_exports(path, ["_Za"])
    assert path.read_text().splitlines()[-1] == "_Za"
