"""Which extensions of x86-64 the instructions of an object belong to, as objdump reads them.

The encoding tells most: a VEX prefix is AVX or newer, an EVEX prefix AVX-512. Within each, the
mnemonic tells the extension. What is asked for beside that and not named here counts as the
base of its encoding: an instruction that is on no list is one of AVX2's or of AVX-512's own.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

_LINE = re.compile(r"^\s*[0-9a-f]+:\t((?:[0-9a-f]{2} )+)\s*\t(.+)$")
_PREFIXES = frozenset(("26", "2e", "36", "3e", "64", "65", "67", "f0"))
_WORDS = frozenset(("rep", "repz", "repnz", "lock", "bnd", "notrack", "data16", "addr32", "{vex}"))

_BY_MNEMONIC = (
    ("amx_tile", r"tile(loadd|loaddt1|stored|zero|release)|[ls]dtilecfg|ldtilecfg|sttilecfg"),
    ("amx_bf16", r"tdpbf16ps"),
    ("amx_int8", r"tdpb(ss|su|us|uu)d"),
    ("amx_fp16", r"tdpfp16ps|tcmm.*"),
    ("avx512_fp16", r"v\w+(ph|sh)|vmovw|v(get|re)\w*(ph|sh)"),
    ("avx512_bf16", r"vdpbf16ps|vcvtne2ps2bf16|vcvtneps2bf16[xy]?"),
    ("avx512_ifma", r"vpmadd52[lh]uq"),
    ("avx512_vbmi", r"vperm(b|i2b|t2b)|vpmultishiftqb"),
    ("avx512_vbmi2", r"vp(compress|expand)[bw]|vpsh[lr]dv?[wdq]"),
    ("avx512_bitalg", r"vpopcnt[bwdq]|vpshufbitqmb"),
    ("avx512_cd", r"vpconflict[dq]|vplzcnt[dq]|vpbroadcastm\w+"),
    ("avx512_er", r"vexp2p[sd]|vr(cp|sqrt)28\w\w|v(gather|scatter)pf\w+"),
    ("avx512_other", r"vp2intersect[dq]|vp4dpwssds?|v4fn?madd\w+"),
    ("gfni", r"v?gf2p8\w+"),
    ("aes", r"v?aes\w+|v?pclmul\w+"),
    ("sha", r"v?sha(1|256|512)\w+|vsm[34]\w+"),
)
_VNNI = re.compile(r"vpdp(busd|wssd)s?")
_NEWER_VNNI = re.compile(r"vpdp\w+")
_MASKS = re.compile(r"k(mov|andn?|or|not|xn?or|ortest|test|add|unpck\w\w|shift[lr])[bwdq]{1,2}")
_FMA = re.compile(r"vf(n?m(add|sub)|maddsub|msubadd)(132|213|231)[ps][sd]|vf\w+[ps][sd]")
_HALVES = re.compile(r"vcvt(ph2ps|ps2ph)")
_BITS = re.compile(r"andn|bextr|blsi|blsmsk|blsr|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx")
# In the encoding of the first x86-64, or of what came before AVX.
_LEGACY = (
    ("sse3", r"addsubp[sd]|h(add|sub)p[sd]|lddqu|movddup|movs[hl]dup|fisttp\w*"),
    (
        "ssse3",
        r"pshufb|pabs[bwd]|ph(add|sub)(w|d|sw)|palignr|pmaddubsw|pmulhrsw|psign[bwd]",
    ),
    (
        "sse4_1",
        r"p?blend\w*|dpp[sd]|extractps|insertps|pmul(ld|dq)|p(min|max)(sb|sd|uw|ud)|round[ps][sd]"
        r"|ptest|pmov[sz]x\w+|packusdw|pextr[bdq]|pinsr[bdq]|pcmpeqq|mpsadbw|phminposuw|movntdqa",
    ),
    ("sse4_2", r"pcmpgtq|pcmp[ei]str[im]|crc32[bwlq]?"),
    ("popcnt", r"popcnt[wlq]?"),
    ("lzcnt", r"lzcnt[wlq]?"),
    ("movbe", r"movbe\w*"),
    ("adx", r"ad[co]x\w*"),
    ("rdrand", r"rd(rand|seed|pid)\w*"),
    ("xsave", r"xgetbv|xsave\w*|xrstor\w*"),
    ("tsx", r"xbegin|xend|xabort|xtest"),
    ("cmpxchg16b", r"cmpxchg16b"),
)
_SAFE = frozenset(("pextrw", "pinsrw"))  # SSE2's


def _compiled(rules: Iterable[tuple[str, str]]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern)) for name, pattern in rules)


_NAMED = _compiled(_BY_MNEMONIC)
_OLD = _compiled(_LEGACY)

AVX2 = frozenset(("avx2", "fma", "f16c"))
AVX512 = AVX2 | {"avx512"}
"""F, BW, DQ and VL."""

ALLOWED = {
    "default": frozenset[str](),
    "avx2": AVX2,
    "avx_vnni": AVX2 | {"avx_vnni"},
    "avx512": AVX512,
    "avx512_vnni": AVX512 | {"avx512_vnni"},
    "avx512_bf16": AVX512 | {"avx512_vnni", "avx512_bf16"},
    "amx": AVX512
    | {"avx512_vnni", "avx512_bf16", "avx512_vbmi", "amx_tile", "amx_bf16", "amx_int8"},
}
"""What each capability of the fused operators asks the processor for before it is used."""


def extension(encoding: str, text: str) -> str:
    """Return the extension that an instruction belongs to; empty where every x86-64 has it.

    Parameters
    ----------
    encoding : str
        Its bytes, in hexadecimal, apart.
    text : str
        What objdump says it is, in either of its notations.
    """
    words = [word for word in text.split() if word not in _WORDS]
    mnemonic = words[0] if words else ""
    prefix = next((byte for byte in encoding.split() if byte not in _PREFIXES), "")
    for name, pattern in _NAMED:
        # The conversions of float16 are older, and are F16C's or AVX-512's own.
        if pattern.fullmatch(mnemonic) and not _HALVES.fullmatch(mnemonic):
            return name
    if prefix == "62":
        if _VNNI.fullmatch(mnemonic):
            return "avx512_vnni"
        return "avx512_other" if _NEWER_VNNI.fullmatch(mnemonic) else "avx512"
    if prefix in {"c4", "c5"}:
        return _vex(mnemonic)
    if mnemonic in _SAFE:
        return ""
    return next((name for name, pattern in _OLD if pattern.fullmatch(mnemonic)), "")


def _vex(mnemonic: str) -> str:
    if _VNNI.fullmatch(mnemonic):
        return "avx_vnni"
    if _NEWER_VNNI.fullmatch(mnemonic):
        return "avx_other"
    for name, pattern in (("avx512", _MASKS), ("fma", _FMA), ("f16c", _HALVES), ("bmi", _BITS)):
        if pattern.fullmatch(mnemonic):
            return name
    return "avx2"


def extensions(path: Path) -> dict[str, str]:
    """Return the extensions that an object asks for, each with its first instruction."""
    found: dict[str, str] = {}
    # Half of the instructions of a program are some hundred different texts.
    known: dict[str, str] = {}
    for encoding, text in _disassembled(path):
        mnemonic = text.split("\t")[0].split()
        key = encoding[:8] + " ".join(mnemonic[:2])
        if key not in known:
            known[key] = extension(encoding, text)
        name = known[key]
        if name:
            found.setdefault(name, text)
    return found


def _disassembled(path: Path) -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory(prefix="instructions-") as folder:
        # objdump looks for a symbol before each line, in minutes where there are ten thousand.
        bare = Path(folder, "bare.o")
        subprocess.run(["strip", "--strip-all", "-o", bare, path], check=True, timeout=60)
        words: list[str | Path] = ["objdump", "--disassemble", "--wide", bare]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as listed:
            assert listed.stdout is not None
            for line in listed.stdout:
                match = _LINE.match(line)
                if match:
                    yield match[1], match[2]
        assert listed.returncode == 0, f"objdump cannot read {path}"
