"""Compiling the fused operators' kernels, with the flags of the build, and what tests them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from buildkit.build_tools import RELEASE
from buildkit.errors import BuildError
from buildkit.package_pins import read_pins
from buildkit.places import build_cache
from buildkit.sysroot import PINS, sysroot_in
from buildkit.system_packages import unpack_packages
from buildkit.toolchain import Toolchain, find_toolchain
from torch_build.recipe import RECIPE

SOURCES = RECIPE / "native" / "whisper"
TESTS = Path(__file__).parent
STAND_IN = TESTS / "whisper_kernels" / "stand_in"
"""What the parts that are tested take from PyTorch's headers, and nothing else."""

NEEDS: Mapping[str, frozenset[str]] = {
    "default": frozenset(),
    "avx2": frozenset(("avx2", "fma", "f16c")),
    "avx_vnni": frozenset(("avx2", "fma", "f16c", "avx_vnni")),
    "avx512": frozenset(("avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512dq")),
    "avx512_vnni": frozenset(("avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_vnni")),
    "avx512_bf16": frozenset(("avx512f", "avx512_vnni", "avx512_bf16")),
    "amx": frozenset(
        ("avx512_vnni", "avx512_bf16", "avx512vbmi", "amx_tile", "amx_bf16", "amx_int8")
    ),
}
"""What Linux calls the features that each capability needs, from the lowest to the best."""

_COMMON = ("-std=c++17", "-fPIC", "-fvisibility=hidden", "-fno-math-errno", "-fno-trapping-math")
_RECIPE = (RECIPE / "cmake" / "whisper.cmake").read_text(encoding="utf-8")
_SECONDS = 600


def missing_features(capability: str) -> set[str]:
    """Return the features of this processor that `capability` needs and that are not there."""
    features = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    return set(NEEDS[capability] - features)


def skip_unless_present(capability: str) -> None:
    missing = missing_features(capability)
    if missing:
        pytest.skip(f"this processor has no {', '.join(sorted(missing))}")


def present() -> list[str]:
    """Return the capabilities of this processor, the best last."""
    return [capability for capability in NEEDS if not missing_features(capability)]


def capability_flags(capability: str) -> list[str]:
    """Return what the build's recipe compiles the kernels of a capability with."""
    words = re.findall(rf"set\(whisper_{capability}\b([^)]*)\)", _RECIPE)[0].split()
    flags: list[str] = []
    for word in words:
        other = re.fullmatch(r"\$\{whisper_(\w+)\}", word)
        flags += capability_flags(other[1]) if other else [word]
    return flags


def kernel_flags() -> list[str]:
    """Return what the recipe compiles the kernels of every capability with."""
    options = re.findall(r"objects\(\$\{stem\}_whisper [^)]*OPTIONS([^)]*)\)", _RECIPE)[0]
    return [*_COMMON, *(word for word in options.split() if not word.startswith("$"))]


def toolchain() -> Toolchain:
    """Return the tool chain of the build; skip the test where it is not on this machine."""
    sysroot = sysroot_in(build_cache(), read_pins(PINS))
    if not (sysroot.root.is_dir() and shutil.which(f"clang++-{RELEASE}")):
        pytest.skip("the tool chain of the build is not on this machine")
    return find_toolchain(sysroot)


def sanitizer_flags(tools: Toolchain, kinds: str) -> list[str]:
    """Return the options for sanitizers; skip the test where their runtime cannot be had.

    It is in a package of its own, which is unpacked into the build cache where the compiler's
    folder lacks it. A folder of links puts that beside the compiler's headers.
    """
    own = Path(_run([tools.cxx, "-print-resource-dir"]).strip())
    folder = own
    if not _has_runtime(own):
        root = build_cache() / f"sanitizers-{RELEASE}"
        unpacked = root / own.relative_to("/")
        if not _has_runtime(unpacked):
            try:
                unpack_packages([f"libclang-rt-{RELEASE}-dev"], root)
            except BuildError as error:
                pytest.skip(f"no runtime of the sanitizers: {error.message}")
        if not _has_runtime(unpacked):
            pytest.skip(f"libclang-rt-{RELEASE}-dev is not of this compiler")
        folder = root / "resources"
        folder.mkdir(exist_ok=True)
        for name, target in {"include": own / "include", "lib": unpacked / "lib"}.items():
            if not (folder / name).is_symlink():
                (folder / name).symlink_to(target)
    return [f"-fsanitize={kinds}", "-fno-sanitize-recover=undefined", "-resource-dir", str(folder)]


def compile_kernels(
    tools: Toolchain, folder: Path, capabilities: Sequence[str], more: Sequence[str] = ()
) -> list[Path]:
    """Compile the kernels of some capabilities; return an object for each."""

    def compile_one(capability: str) -> Path:
        source = SOURCES / "kernels" / f"kernels_{capability}.cpp"
        output = folder / f"{capability}.o"
        flags = [*tools.sysroot.flags, *kernel_flags(), *capability_flags(capability), *more]
        _run([tools.cxx, *flags, "-c", source, "-o", output])
        return output

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(compile_one, capabilities))


def build_program(
    tools: Toolchain, program: Path, inputs: Sequence[Path], more: Sequence[str] = ()
) -> Path:
    """Compile sources for any x86-64 and link them, with objects, into a program."""
    words: list[str | Path] = [tools.cxx, *tools.sysroot.flags, "-std=c++17", "-O1", "-g1"]
    words += ["-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Werror", *more]
    words += [f"-I{SOURCES}", f"-I{STAND_IN}", *inputs, "-o", program]
    words += [f"--ld-path={tools.linker}", "-static-libstdc++", "-lpthread", "-ldl", "-lrt", "-lm"]
    _run(words)
    return program


def _has_runtime(folder: Path) -> bool:
    return (folder / "lib" / "linux" / "libclang_rt.asan-x86_64.a").is_file()


def _run(words: Sequence[str | Path]) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_SECONDS)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout
