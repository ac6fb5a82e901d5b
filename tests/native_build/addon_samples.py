"""A small shared object in the place of the CUDA add-on, and a wheel that it belongs to."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

TORCH = "2.6.0+whisper.cpu"

MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy of it."

CORE = "_C.cpython-311-x86_64-linux-gnu.so"

_CORE = "int whisper_core(void) { return 1; }\n"
_ADDON = "int whisper_core(void);\nint PyInit__cuda(void) { return whisper_core(); }\n"


def compile_library(path: Path, source: str, *words: str | Path) -> Path:
    """Compile C to a shared object; skip the test where nothing can."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = path.with_suffix(".c")
    code.write_text(source)
    command = ["gcc", "-shared", "-fPIC", "-O1", "-o", path, code, *words]
    try:
        subprocess.run(command, check=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("needs a compiler")
    return path


def make_core(folder: Path, abi: str) -> Path:
    """Make what our PyTorch is to the add-on: a library whose symbols have the version `abi`."""
    script = folder / "core.map"
    folder.mkdir(parents=True, exist_ok=True)
    script.write_text(f"{abi} {{ global: *; }};\n")
    words = (f"-Wl,--version-script={script}", f"-Wl,-soname,{CORE}", "-s")
    return compile_library(folder / CORE, _CORE, *words)


def make_wheel_of(core: Path, folder: Path) -> Path:
    wheel = folder / f"torch-{TORCH}-cp311-cp311-linux_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("torch/__init__.py", "")
        archive.write(core, f"torch/{CORE}")
    return wheel


def make_parts(folder: Path, core: Path, *words: str | Path) -> Path:
    """Make the folder that PyTorch's recipe leaves, with an add-on that is linked against `core`.

    Without `words` it is stripped.
    """
    # A megabyte that repeats itself, as GPU code does.
    padding = 'const char kernels[1 << 20] = "kernel";\n'
    compile_library(folder / "libtorch_cuda.so", _ADDON + padding, core, *(words or ("-s",)))
    (folder / "libtorch_cuda.c").unlink()
    for name in ("pytorch", "cutlass"):
        (folder / "licences" / name).mkdir(parents=True)
        (folder / "licences" / name / "LICENSE").write_text(MIT)
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:github/nvidia/{name}@1",
            "supplier": {"name": "People"},
            "name": name,
            "version": "1",
            "description": "multiplies",
            "scope": "required",
            "licenses": [{"expression": "MIT"}],
            "hashes": [{"alg": "SHA-256", "content": "ab" * 32}],
            "purl": f"pkg:github/nvidia/{name}@1",
        }
        for name in ("cutlass", "pytorch")
    ]
    (folder / "sbom.json").write_text(json.dumps({"components": components}))
    return folder
