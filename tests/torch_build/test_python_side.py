from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from buildkit.errors import RecipeError
from torch_build.python_side import (
    UpstreamModules,
    make_python_side,
    python_files,
    read_modules,
    upstream_version,
    version_module,
)

OURS = Path(__file__).resolve().parents[2] / "torch-build/python/torch"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An unpacked PyTorch with the listed files, empty but for the anchors of the edits."""
    root = tmp_path / "pytorch"
    modules = read_modules()
    for name in modules.reasons:
        path = root / "torch" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(edit.anchor for edit in modules.edits.get(name, ())))
    (root / "version.txt").write_text("2.6.0a0\n")
    return root


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_it_holds_both_kinds_and_the_edits(source: Path, tmp_path: Path) -> None:
    stage = tmp_path / "stage"
    make_python_side(source, OURS, stage)
    files = content(stage)
    assert set(files) == {
        *read_modules().reasons,
        *(path.relative_to(OURS).as_posix() for path in OURS.rglob("*.py")),
        "version.py",
    }
    assert b"for_tensor_class as _C" in files["_tensor.py"]
    assert files["_absent.py"] == (OURS / "_absent.py").read_bytes()


def test_what_is_there_stays_and_what_is_left_over_goes(source: Path, tmp_path: Path) -> None:
    stage = tmp_path / "stage"
    make_python_side(source, OURS, stage)
    first = content(stage)
    time = (stage / "_tensor.py").stat().st_mtime_ns
    (stage / "_C.so").write_bytes(b"native")
    (stage / "left_over.py").touch()
    (stage / "__pycache__").mkdir()
    (stage / "__pycache__/storage.cpython-311.pyc").touch()
    make_python_side(source, OURS, stage)
    assert content(stage) == first | {"_C.so": b"native"}
    assert (stage / "_tensor.py").stat().st_mtime_ns == time


def test_an_edit_that_does_not_fit(source: Path, tmp_path: Path) -> None:
    (source / "torch/_tensor.py").write_text("import something_else\n")
    with pytest.raises(RecipeError, match=r"_tensor\.py.* 0 times"):
        make_python_side(source, OURS, tmp_path / "stage")


def test_a_module_that_upstream_lacks(source: Path, tmp_path: Path) -> None:
    (source / "torch/storage.py").unlink()
    with pytest.raises(RecipeError, match=r"storage\.py"):
        make_python_side(source, OURS, tmp_path / "stage")


def test_a_module_from_both_sides(source: Path) -> None:
    twice = UpstreamModules(reasons={"_absent.py": "a test"}, edits={})
    with pytest.raises(RecipeError, match="already"):
        python_files(source, OURS, twice)


@pytest.mark.parametrize(
    "text",
    [
        '[modules]\n"a.py" = ""',
        '[modules]\n"../a.py" = "outside"',
        '[modules]\n"a.txt" = "no module"',
        '[[edit]]\npath = "a.py"\nanchor = "x"\nreplacement = "y"\nreason = "of nothing"',
        '[modules]\n"a.py" = "one"\n[[edit]]\npath = "a.py"',
    ],
)
def test_a_wrong_list(text: str, tmp_path: Path) -> None:
    path = tmp_path / "modules.toml"
    path.write_text(text)
    with pytest.raises(RecipeError):
        read_modules(path)


def test_version(source: Path) -> None:
    assert upstream_version(source) == "2.6.0"
    names: dict[str, Any] = {}
    exec(version_module("2.6.0"), names)  # noqa: S102 - it is made here
    assert names["__version__"] == "2.6.0+whisper.cpu"
    # torch.load reads only weights where it is there; the program looks for the others.
    assert "git_version" in names
    assert names["cuda"] is None and names["hip"] is None


@pytest.mark.parametrize("path", sorted(OURS.rglob("*.py")), ids=lambda path: path.name)
def test_ours_compile(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 11))


@pytest.fixture
def absent() -> ModuleType:
    spec = importlib.util.spec_from_file_location("absent_parts", OURS / "_absent.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def package(absent: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module with the name of one of the package's."""
    module = ModuleType("torch.example")
    monkeypatch.setitem(sys.modules, "torch.example", module)
    monkeypatch.setattr(
        module, "__getattr__", absent.module_getattr("torch.example"), raising=False
    )
    return module


def told(name: str, error: BaseException) -> bool:
    text = str(error)
    return (
        text.startswith(f"{name} is not in this build")
        and "make trace" in text
        and "\n" not in text
    )


def test_an_absent_attribute_names_itself(package: ModuleType) -> None:
    with pytest.raises(AttributeError) as caught:
        _ = package.svd
    assert told("torch.example.svd", caught.value)
    assert not hasattr(package, "svd")
    assert getattr(package, "svd", 1) == 1


def test_probes_of_python_get_the_plain_error(package: ModuleType, absent: ModuleType) -> None:
    with pytest.raises(AttributeError) as caught:
        _ = package.__wrapped__
    assert "build" not in str(caught.value)
    with pytest.raises(AttributeError) as caught:
        absent.absent_method(object(), "__array_interface__")
    assert "build" not in str(caught.value)


def test_an_absent_method_names_itself(absent: ModuleType) -> None:
    class Tensor:
        __getattr__ = absent.absent_method

    with pytest.raises(AttributeError) as caught:
        Tensor().svd()  # type: ignore[attr-defined]
    assert told("torch.Tensor.svd", caught.value)


def test_placeholders_only_where_they_are_let(package: ModuleType, absent: ModuleType) -> None:
    with absent.placeholders():
        function = package.svd
    with pytest.raises(AttributeError):
        _ = package.svd
    with pytest.raises(NotImplementedError) as caught:
        function(1, two=2)
    assert told("torch.example.svd", caught.value)
    package.other = function  # type: ignore[attr-defined]
    absent.rename_placeholders(package)
    with pytest.raises(NotImplementedError) as caught:
        function()
    assert told("torch.example.other", caught.value)


def test_the_finder_leaves_other_packages_alone(absent: ModuleType) -> None:
    assert absent.AbsentModuleFinder.find_spec("torchvision") is None
    assert absent.AbsentModuleFinder.find_spec("torch") is None
    with pytest.raises(ModuleNotFoundError) as caught:
        absent.AbsentModuleFinder.find_spec("torch.distributed.rpc")
    assert told("torch.distributed.rpc", caught.value)


IMPORTS = """
import sys
sys.meta_path.append(__import__("torch._absent", fromlist=["x"]).AbsentModuleFinder)
for statement in (
    "import torch.there",
    "import torch.jit",
    "from torch import jit",
    "from torch import there",
    "import torch; torch.there; torch.jit",
    "import torch; torch.late",
):
    try:
        exec(statement)
        print("imported")
    except (ImportError, AttributeError) as error:
        print(type(error).__name__, str(error).split(" is not")[0])
"""


def test_imports(tmp_path: Path) -> None:
    package = tmp_path / "torch"
    package.mkdir()
    (package / "_absent.py").write_bytes((OURS / "_absent.py").read_bytes())
    (package / "__init__.py").write_text(
        "from torch import _absent\n"
        "__getattr__ = _absent.module_getattr(__name__, {'late': 'torch.there'})\n"
    )
    (package / "there.py").write_text("late = 1\n")
    run = subprocess.run(
        [sys.executable, "-c", IMPORTS], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == [
        "imported",
        "AbsentModuleError torch.jit",
        "AbsentModuleError torch.jit",
        "imported",
        "AbsentAttributeError torch.jit",
        "imported",
    ]
