"""No object holds instructions beyond what its name says: none ends in an illegal instruction."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from instructions import ALLOWED, AVX2, AVX512, extension, extensions
from whisper_build import NEEDS, compile_kernels, toolchain

OBJECTS = Path(__file__).resolve().parents[2] / "build" / "torch" / "objects"

BY_NAME = (
    (r"openblas/\w+_haswell\.c\.o|openblas_haswell\.dir/", AVX2),
    (r"openblas/\w+_skylakex\.c\.o|openblas_skylakex\.dir/", AVX512),
    # numpy asks for SSE3 as well, and every x86-64 since 2005 has it.
    (r"openblas/sgemm_kernel_baseline\.S\.o", frozenset(("sse3",))),
    (r"sleefavx2\.dir/", AVX2),
    (r"sleefavx512f\.dir/", AVX512),
    (r"\.AVX2\.cpp\.o", AVX2),
    (r"\.AVX512\.cpp\.o", AVX512),
    # It reads which registers the system saves, where the processor says that it may.
    (r"whisper/capability\.cpp\.o", frozenset(("xsave",))),
    *((rf"kernels_{capability}\.cpp\.o", allowed) for capability, allowed in ALLOWED.items()),
)
"""Parts of an object's path, and what may be in it; every other is for any x86-64."""

OUTSIDE = {"_ZN7whisper7scratchEl", "_Znam", "_ZdaPv", "_ZdaPvm", "memcpy", "memset", "memmove"}
OUTSIDE |= {"sin", "cos", "sincos", "__cxa_guard_acquire", "__cxa_guard_release"}
OUTSIDE |= {"__cxa_guard_abort", "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"}
"""What kernels call: plain functions, compiled for any x86-64."""


@pytest.mark.parametrize(
    ("encoding", "text", "expected"),
    [
        ("0f 58 c1", "addps  %xmm1,%xmm0", ""),
        ("f3 0f bc c8", "tzcnt  %eax,%ecx", ""),
        ("66 0f c5 c0 01", "pextrw $0x1,%xmm0,%eax", ""),
        ("66 0f 3a 16 c0 01", "pextrd $0x1,%xmm0,%eax", "sse4_1"),
        ("66 0f 38 00 c1", "pshufb %xmm1,%xmm0", "ssse3"),
        ("f2 0f 12 44 24 30", "movddup 0x30(%rsp),%xmm0", "sse3"),
        ("f3 48 0f b8 c0", "popcnt %rax,%rax", "popcnt"),
        ("0f 01 d0", "xgetbv", "xsave"),
        ("c5 f8 77", "vzeroupper", "avx2"),
        ("c5 fc 58 c1", "vaddps %ymm1,%ymm0,%ymm0", "avx2"),
        ("c4 e2 7d b8 c1", "vfmadd231ps %ymm1,%ymm0,%ymm0", "fma"),
        ("c4 e2 7d 13 c0", "vcvtph2ps %xmm0,%ymm0", "f16c"),
        ("c4 e2 78 f2 c1", "andn   %ecx,%eax,%eax", "bmi"),
        ("c4 e2 7d 52 c1", "{vex} vpdpwssd %ymm1,%ymm0,%ymm0", "avx_vnni"),
        ("c4 e2 7c 50 c1", "vpdpbuud %ymm1,%ymm0,%ymm0", "avx_other"),
        ("c5 f8 92 c8", "kmovw  %eax,%k1", "avx512"),
        ("62 f1 7c 48 58 c1", "vaddps %zmm1,%zmm0,%zmm0", "avx512"),
        ("62 f1 7c 29 58 c1", "vaddps %ymm1,%ymm0,%ymm0{%k1}", "avx512"),
        ("62 f2 7d 48 13 c0", "vcvtph2ps %ymm0,%zmm0", "avx512"),
        ("62 f2 7d 48 52 c1", "vpdpwssd %zmm1,%zmm0,%zmm0", "avx512_vnni"),
        ("62 f2 7e 48 52 c1", "vdpbf16ps %zmm1,%zmm0,%zmm0", "avx512_bf16"),
        ("62 f2 7d 48 8d c1", "vpermb %zmm1,%zmm0,%zmm0", "avx512_vbmi"),
        ("62 f5 7c 48 58 c1", "vaddph %zmm1,%zmm0,%zmm0", "avx512_fp16"),
        ("62 f2 7d 48 44 c1", "vplzcntd %zmm1,%zmm0", "avx512_cd"),
        ("c4 e2 7b 49 c0", "tilezero %tmm0", "amx_tile"),
        ("c4 e2 78 49 04 24", "ldtilecfg (%rsp)", "amx_tile"),
        ("c4 e2 4a 5c c4", "tdpbf16ps %tmm6,%tmm4,%tmm0", "amx_bf16"),
        ("c4 e2 4b 5e c4", "tdpbssd %tmm6,%tmm4,%tmm0", "amx_int8"),
        ("2e 62 f1 7c 48 58 c1", "cs vaddps %zmm1,%zmm0,%zmm0", "avx512"),
    ],
)
def test_extensions_are_told_apart(encoding: str, text: str, expected: str) -> None:
    assert extension(encoding, text) == expected


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return an object for each capability, compiled with the recipe's flags."""
    if shutil.which("objdump") is None:
        pytest.skip("there is no objdump on this machine")
    folder = tmp_path_factory.mktemp("objects")
    tools = toolchain()
    return dict(zip(NEEDS, compile_kernels(tools, folder, list(NEEDS)), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("capability", NEEDS)
def test_kernels_hold_what_their_name_says(kernels: dict[str, Path], capability: str) -> None:
    found = extensions(kernels[capability])
    beyond = {name: text for name, text in found.items() if name not in ALLOWED[capability]}
    assert beyond == {}
    # What it is there for: a set that is not used would pass as well.
    own = {"avx2": "fma", "avx512": "avx512", "amx": "amx_bf16"}.get(capability, capability)
    assert own in found or capability == "default"


@pytest.mark.slow
@pytest.mark.parametrize("capability", NEEDS)
def test_kernels_share_nothing(kernels: dict[str, Path], capability: str) -> None:
    listed = subprocess.run(
        ["nm", kernels[capability]], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    symbols = [line.split()[-2:] for line in listed.splitlines()]
    # Small letters but these are names that no other object sees. A weak one would be a function
    # that the linker may give to the objects of other sets.
    shared = [(kind, name) for kind, name in symbols if kind.isupper() or kind in "uvw"]
    defined = {name for kind, name in shared if kind != "U"}
    assert defined == {f"_ZN7whisper{len(f'{capability}_kernels')}{capability}_kernelsE"}
    assert {name for kind, name in shared if kind == "U"} <= OUTSIDE


@pytest.mark.slow
def test_no_other_object_of_the_wheel_goes_beyond_its_name() -> None:
    if shutil.which("objdump") is None:
        pytest.skip("there is no objdump on this machine")
    lists = [OBJECTS / "parts.txt", OBJECTS / "operators.txt"]
    if not all(path.is_file() for path in lists):
        pytest.skip("`make torch` compiles the objects")
    lines = [line for path in lists for line in path.read_text().splitlines()]
    objects = [Path(line) for line in lines if line.endswith(".o")]
    if not all(path.is_file() for path in objects):
        pytest.skip("the objects are of a build that did not end")
    assert len(objects) > 100
    wrong = {}
    for path in objects:
        found = extensions(path)
        beyond = {name: text for name, text in found.items() if name not in _allowed(path)}
        if beyond:
            wrong[path.name] = beyond
    assert wrong == {}


def _allowed(path: Path) -> frozenset[str]:
    names = [allowed for pattern, allowed in BY_NAME if re.search(pattern, str(path))]
    assert len(names) <= 1, f"{path} has two names"
    return names[0] if names else frozenset()
