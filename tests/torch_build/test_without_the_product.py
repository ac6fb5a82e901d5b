"""PyTorch's recipe where the product is not: a checkout of the recipe and the kit alone."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from buildkit.places import CHECKOUT

PACKAGES = {"buildkit": "buildkit", "torch_build": "torch-build/torch_build"}
"""Where the checkout has what the recipe needs."""

FIRST_STAGES = """\
import hashlib, importlib.util, json, sys, tarfile
from pathlib import Path

work = Path(sys.argv[1])
for name in ("transcriber", "scripts", "native_build", "benchmarks"):
    assert importlib.util.find_spec(name) is None, f"{name} can be found"

from buildkit.components import licence_expression, runtime_components
from buildkit.edits import Edit, read_edits
from buildkit.fetch import fetch
from buildkit.package_pins import read_pins
from buildkit.source_trees import provide_trees
from buildkit.sources import Archive, Sources, read_sources
from buildkit.sysroot import PINS
from buildkit.unpack import content_digest
from torch_build.abi import abi_name
from torch_build.components import torch_components
from torch_build.metadata import torch_metadata
from torch_build.operators import read_operators
from torch_build.python_side import read_modules
from torch_build.recipe import EDITS, RECIPE, SOURCES

sources = read_sources(SOURCES)
components = (*torch_components(sources.all), *runtime_components())
metadata = torch_metadata("1.0+whisper.cpu", licence_expression(components))

# One small source, the whole way: its archive lies in the build cache under its digest.
packed = work / "packed.tar.gz"
folder = work / "small-1"
folder.mkdir()
(folder / "a.h").write_text("one\\n")
with tarfile.open(packed, "w:gz") as tar:
    tar.add(folder, arcname="small-1")
sha256 = hashlib.sha256(packed.read_bytes()).hexdigest()
(work / "cache").mkdir()
packed.rename(work / "cache" / sha256)
archive = Archive(
    name="small", version="1", licence="MIT", purpose="a test", ships=True, supplier="somebody",
    file="small.tar.gz", size=1, sha256=sha256, package="small", suites=("none",),
    upstream="https://example.invalid/small.tar.gz", content_sha256="",
)
edit = Edit(source="small", path="a.h", anchor="one", replacement="two", reason="a test")
fetch(Sources(archives=(archive,), wheels=()), work / "archives", work / "cache")
provide_trees((archive,), work / "archives", work / "trees", (edit,))
print(json.dumps({
    "recipe": str(RECIPE),
    "sources": len(sources.all),
    "operators": len(read_operators(RECIPE / "operators.yaml").operators),
    "edits": len(read_edits(EDITS)),
    "modules": len(read_modules().reasons),
    "packages": len(read_pins(PINS).packages),
    "abi": abi_name(),
    "wheel": metadata.file_name,
    "tree": (work / "trees/small/a.h").read_text(),
}))
"""


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A copy of the recipe and the kit, and of nothing else."""
    for name in ("buildkit", "torch-build"):
        shutil.copytree(
            CHECKOUT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def run(alone: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the packages that it is installed with, but not with ours."""
    paths = [alone, alone / "torch-build"]
    # An editable installation of the product is made known by a file .pth, which -S passes over.
    paths += [Path(path) for path in sys.path if path.endswith("site-packages")]
    return subprocess.run(
        [sys.executable, "-S", *words],
        cwd=alone / "torch-build",
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(alone),
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_first_stages_need_no_product(alone: Path) -> None:
    (alone / "work").mkdir()
    done = run(alone, "-c", FIRST_STAGES, str(alone / "work"))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["recipe"] == str(alone / "torch-build")
    assert min(found[name] for name in ("sources", "operators", "edits", "modules")) > 3
    assert found["packages"] > 3
    assert found["abi"].startswith("WHISPER_")
    assert found["wheel"] == "torch-1.0+whisper.cpu-cp311-cp311-linux_x86_64.whl"
    assert found["tree"] == "two\n"


@pytest.mark.parametrize("module", ["torch_build", "torch_build.cuda"])
def test_the_command_tells_its_options(alone: Path, module: str) -> None:
    done = run(alone, "-m", module, "--help")
    assert done.returncode == 0, done.stderr
    assert "--work" in done.stdout
    assert done.stderr == ""


def test_every_module_can_be_imported(alone: Path) -> None:
    found = [
        ".".join([package, *path.relative_to(alone / place).with_suffix("").parts])
        for package, place in PACKAGES.items()
        for path in sorted((alone / place).rglob("*.py"))
        # The first runs as a program, the other needs PyTorch's own code generator.
        if path.name not in {"__main__.py", "torchgen_driver.py"}
    ]
    names = [name.removesuffix(".__init__") for name in found]
    assert {"buildkit.toolchain", "torch_build.build", "torch_build.cuda.build"} <= set(names)
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\n"
    done = run(alone, "-c", code, *names)
    assert done.returncode == 0, done.stderr


def test_what_is_imported_later_is_of_neither() -> None:
    """Imports within functions, which importing the modules does not reach."""
    others = {"transcriber", "scripts", "native_build", "benchmarks"}
    for package, place in PACKAGES.items():
        for path in (CHECKOUT / place).rglob("*.py"):
            tops = {name.partition(".")[0] for name in imported(path)}
            assert not tops & others, path
            assert package != "buildkit" or "torch_build" not in tops, path


def imported(path: Path) -> list[str]:
    """Return the modules that a file imports anywhere."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
    return names


def test_the_kit_needs_the_standard_library_only(alone: Path) -> None:
    """The set-up uses it before anything is installed; what reads ELF files is for the recipes."""
    modules = {path.stem for path in (alone / "buildkit").glob("*.py")}
    names = [f"buildkit.{name}" for name in modules - {"elf_sections"}]
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\n"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, *names],
        cwd=alone,
        env={"PYTHONPATH": str(alone)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
