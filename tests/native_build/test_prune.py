from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from buildkit.elf_sections import read_dynamic
from buildkit.errors import InputError, RecipeError, ResultError
from buildkit.places import build_cache
from buildkit.toolchain import Toolchain, provide_toolchain
from native_build.prune import Decision, prune, write_report


@pytest.fixture(scope="session")
def tools() -> Toolchain:
    return provide_toolchain(build_cache())


class Frozen:
    """A folder as Nuitka makes it, of very small libraries."""

    def __init__(self, folder: Path, tools: Toolchain) -> None:
        self.folder = folder
        self.tools = tools

    def library(self, name: str, *needed: str, path: str = "$ORIGIN", text: str = "") -> Path:
        """Make a library that needs others of the folder."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self.folder.parent / "source.c"
        source.write_text(f'const char *name = "{text or name}";')
        words: list[str | Path] = [self.tools.cc, "-shared", "-nostdlib", "-fPIC", source]
        words += ["-s", f"-Wl,-rpath,{path}", f"-Wl,-soname,{target.name}", "-Wl,--no-as-needed"]
        words += [f"--ld-path={self.tools.linker}", "-o", target]
        subprocess.run([*words, *(self.folder / one for one in needed)], check=True)
        return target

    def file(self, name: str, content: bytes = b"") -> None:
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content or name.encode())

    def prune(self, modules: Sequence[str] = (), files: Sequence[str] = ()) -> list[Decision]:
        output = self.folder.parent / "program"
        return prune(self.folder, output, modules=modules, files=files)


@pytest.fixture
def frozen(tmp_path: Path, tools: Toolchain) -> Frozen:
    made = Frozen(tmp_path / "frozen", tools)
    made.library("transcriber.bin")
    return made


def reasons(decisions: Sequence[Decision]) -> dict[str, str]:
    return {one.path: one.reason for one in decisions if one.kept}


def test_what_is_imported_needed_and_opened_stays(frozen: Frozen) -> None:
    frozen.library("libdeep.so.1")
    frozen.library("torch/lib/libomp.so.5", "libdeep.so.1", path="$ORIGIN/../..")
    frozen.library("torch/_C.so", "torch/lib/libomp.so.5", path="$ORIGIN/lib")
    frozen.library("regex/_other.cpython-311-x86_64-linux-gnu.so")
    frozen.library("libspare.so")
    frozen.file("whisper/assets/mel_filters.npz")
    frozen.file("whisper/normalizers/english.json")
    decisions = frozen.prune(["torch._C", "regex"], ["whisper/assets/mel_filters.npz"])
    assert reasons(decisions) == {
        "libdeep.so.1": "needed by torch/lib/libomp.so.5",
        "torch/_C.so": "module torch._C",
        "torch/lib/libomp.so.5": "needed by torch/_C.so",
        "transcriber.bin": "the program",
        "whisper/assets/mel_filters.npz": "opened: native-build/files.txt",
    }
    assert [one.path for one in decisions if not one.kept] == [
        "libspare.so",
        "regex/_other.cpython-311-x86_64-linux-gnu.so",
        "whisper/normalizers/english.json",
    ]
    program = frozen.folder.parent / "program"
    kept = {path.relative_to(program).as_posix() for path in program.rglob("*") if path.is_file()}
    assert kept == set(reasons(decisions))


def test_a_copy_that_the_loader_does_not_reach_goes(frozen: Frozen) -> None:
    frozen.library("torch/lib/libomp.so.5")
    frozen.library("torch/_C.so", "torch/lib/libomp.so.5", path="$ORIGIN/lib")
    shutil.copy(frozen.folder / "torch/lib/libomp.so.5", frozen.folder / "libomp.so.5")
    kept = reasons(frozen.prune(["torch._C"]))
    assert "torch/lib/libomp.so.5" in kept
    assert "libomp.so.5" not in kept


def test_a_library_that_no_one_has(frozen: Frozen) -> None:
    frozen.library("libgone.so.3")
    frozen.library("torch/_C.so", "libgone.so.3", path="$ORIGIN/lib")
    with pytest.raises(ResultError, match=r"torch/_C\.so needs libgone\.so\.3"):
        frozen.prune(["torch._C"])


def test_a_data_file_that_nuitka_left_out(frozen: Frozen) -> None:
    with pytest.raises(RecipeError, match=r"opens whisper/a\.npz, which Nuitka left out"):
        frozen.prune(files=["whisper/a.npz"])


def test_no_program(tmp_path: Path, frozen: Frozen) -> None:
    (frozen.folder / "transcriber.bin").unlink()
    with pytest.raises(InputError, match="run the stage freeze"):
        frozen.prune()


def test_what_debuggers_read_must_be_gone(frozen: Frozen, tmp_path: Path) -> None:
    plain = tmp_path / "plain.c"
    plain.write_text("int one(void) { return 1; }")
    words: list[str | Path] = [frozen.tools.cc, "-shared", "-nostdlib", "-fPIC", plain]
    words += [f"--ld-path={frozen.tools.linker}", "-o", frozen.folder / "numpy.so"]
    subprocess.run(words, check=True)
    with pytest.raises(ResultError, match=r"numpy\.so has the section \.symtab"):
        frozen.prune(["numpy"])


def test_two_files_with_the_same_bytes(frozen: Frozen) -> None:
    frozen.file("a/one.bin", b"same")
    frozen.file("b/two.bin", b"same")
    with pytest.raises(ResultError, match=r"are the same: a/one\.bin, b/two\.bin"):
        frozen.prune(files=["a/one.bin", "b/two.bin"])


def test_the_report_tells_all(frozen: Frozen, tmp_path: Path) -> None:
    frozen.file("spare.txt")
    write_report(tmp_path / "report.json", frozen.prune())
    first, second = json.loads((tmp_path / "report.json").read_text())
    assert first == {
        "path": "spare.txt",
        "size": 9,
        "kept": False,
        "reason": "nothing imports, loads or opens it",
    }
    assert second["kept"]


def test_what_a_library_needs_is_looked_for_in_this_order(frozen: Frozen) -> None:
    needs = frozen.library("liba.so"), frozen.library("libb.so")
    path = frozen.library("x.so", "liba.so", "libb.so", path="${ORIGIN}/lib:/opt/lib:$ORIGIN/..")
    needed = read_dynamic(path.read_bytes())
    assert needed.libraries == tuple(one.name for one in needs)
    assert needed.folders == ("${ORIGIN}/lib", "/opt/lib", "$ORIGIN/..")
    origin = frozen.folder / "torch"
    assert needed.places(origin, "liba.so") == [origin / "lib/liba.so", frozen.folder / "liba.so"]
