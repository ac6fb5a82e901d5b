"""What a Python of the system is given to run."""

from __future__ import annotations

import ast
import json
import lzma
import subprocess
import zipfile
from importlib import resources
from pathlib import Path

import pytest

from transcriber.other_pythons import worker_sources as sources
from transcriber.other_pythons.worker_sources import (
    BOOTSTRAP,
    MAIN,
    gather,
    imported,
    installed_places,
    read_sources,
    start_message,
    without_docstrings,
    write_bundle,
)

from .pythons import PYTHONS, Python


def tree(folder: Path, files: dict[str, str]) -> dict[str, Path]:
    """Write files; return the places of the two packages."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {name: folder / name for name in ("transcriber", "whisper")}


def test_sources_follow_from_the_imports(tmp_path: Path) -> None:
    places = tree(
        tmp_path,
        {
            "transcriber/__init__.py": "",
            "transcriber/other_pythons/__init__.py": "",
            "transcriber/other_pythons/bootstrap.py": "import json",
            "transcriber/other_pythons/worker.py": (
                "from typing import TYPE_CHECKING\n"
                "from transcriber.engine import model\n"
                "if TYPE_CHECKING:\n    from transcriber.types import Type\n"
                "def later():\n    import whisper.timing\n"
            ),
            "transcriber/engine/__init__.py": "",
            "transcriber/engine/model.py": "from transcriber.models.registry import x",
            "transcriber/engine/other.py": "",
            "transcriber/models/__init__.py": "",
            "transcriber/models/registry.py": "import tomllib",
            "transcriber/types.py": "",
            "whisper/__init__.py": "from .audio import a\nfrom . import version",
            "whisper/audio.py": "import numpy",
            "whisper/timing.py": "from .transcribe import t\nfrom ..nothing import n",
            "whisper/transcribe.py": "import tqdm",
            "whisper/version.py": "",
            "whisper/normalizers/__init__.py": "",
        },
    )
    assert list(gather(places)) == [
        "transcriber/__init__.py",
        "transcriber/engine/__init__.py",
        "transcriber/engine/model.py",
        "transcriber/models/__init__.py",
        "transcriber/other_pythons/__init__.py",
        "transcriber/other_pythons/bootstrap.py",
        "transcriber/other_pythons/worker.py",
        "whisper/__init__.py",
        "whisper/audio.py",
        "whisper/timing.py",
        "whisper/version.py",
    ]


def test_names_of_imported_modules() -> None:
    text = "import a.b\nfrom c import d\nfrom . import e\nfrom .f import g\nfrom ..h import i"
    found = imported(text, "x.y")
    assert found >= {"a", "a.b", "c", "c.d", "x.y.e", "x.y.f", "x.h"}


def test_the_real_ones_are_few_and_need_nothing_else() -> None:
    found = read_sources()
    assert {f"{MAIN.replace('.', '/')}.py", f"{BOOTSTRAP.replace('.', '/')}.py"} <= set(found)
    assert {"whisper/decoding.py", "whisper/model.py", "whisper/timing.py"} <= set(found)
    others = {"whisper/transcribe.py", "transcriber/engine/local.py", "transcriber/settings.py"}
    assert set(found).isdisjoint({*others, "transcriber/engine/interface.py"})
    assert sum(map(len, found.values())) < 250_000


def test_they_keep_to_the_grammar_of_the_oldest_python() -> None:
    for name, text in read_sources().items():
        ast.parse(text, name, feature_version=(3, 8))


@pytest.mark.parametrize("python", PYTHONS)
def test_every_python_compiles_them(python: Python, tmp_path: Path) -> None:
    path = tmp_path / "sources.json"
    packed = {name: without_docstrings(text) for name, text in read_sources().items()}
    path.write_text(json.dumps([read_sources(), packed]))
    code = (
        "import json, sys\n"
        "for sources in json.load(open(sys.argv[1], encoding='utf-8')):\n"
        "    for name, text in sources.items(): compile(text, name, 'exec')\n"
    )
    subprocess.run([python.path, "-c", code, path], timeout=120, check=True)


IMPORT_ALL = """
import importlib, sys
from importlib.machinery import ModuleSpec
from unittest.mock import MagicMock

class Others:
    "Stands in for all packages that are not ours."
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "numpy", "whisper"):
            return ModuleSpec(name, self, is_package=True)
    def create_module(self, spec):
        return MagicMock(__path__=[])
    def exec_module(self, module):
        pass

sys.meta_path[:0] = [Others()]
sys.path[:0] = [sys.argv[1]]
for name in sys.argv[2:]:
    importlib.import_module(name)
"""


@pytest.mark.parametrize("python", PYTHONS)
def test_every_python_runs_ours(python: Python, tmp_path: Path) -> None:
    """It is not enough that a module compiles: much is only evaluated when it is imported."""
    names = []
    for name, text in read_sources().items():
        if name.startswith("transcriber/"):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            names.append(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    assert "transcriber.engine.watched_model" in names
    command = [str(python.path), "-c", IMPORT_ALL, str(tmp_path), *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_docstrings_and_comments_go_and_nothing_else() -> None:
    text = (
        '"""Doc."""\nA = 1\n"""Of A."""\ndef f():\n    "Doc."\n'
        'class C:\n    "Doc."\n    x = "s"  # no\n'
    )
    assert without_docstrings(text) == ("A = 1\n\ndef f():\n    pass\n\nclass C:\n    x = 's'\n")


def test_the_bundle_is_small_and_always_the_same(tmp_path: Path) -> None:
    places = installed_places()
    for name in ("one.zip", "two.zip"):
        write_bundle(tmp_path / name, places)
    content = (tmp_path / "one.zip").read_bytes()
    assert content == (tmp_path / "two.zip").read_bytes()
    assert len(lzma.compress(content)) < 38_500


def test_the_native_program_reads_its_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / sources.BUNDLE
    write_bundle(bundle, installed_places())
    monkeypatch.setattr(sources, "native_executable", lambda: tmp_path / "transcriber.bin")
    monkeypatch.setattr(resources, "files", lambda package: bundle.parent)
    found = read_sources()
    with zipfile.ZipFile(bundle) as archive:
        assert list(found) == archive.namelist()
    assert found["transcriber/errors.py"] == without_docstrings(
        (installed_places()["transcriber"] / "errors.py").read_text()
    )


def test_the_start_names_modules_and_where_the_vocabularies_are() -> None:
    texts = {"transcriber/__init__.py": "a", "whisper/__init__.py": "b", "whisper/audio.py": "c"}
    message = json.loads(start_message(texts, Path("/program/whisper")))
    assert message == {
        "main": MAIN,
        "sources": {
            "transcriber": ["transcriber/__init__.py", "a"],
            "whisper": ["/program/whisper/__init__.py", "b"],
            "whisper.audio": ["/program/whisper/audio.py", "c"],
        },
    }
