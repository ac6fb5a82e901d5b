import os
import subprocess
import sys
from pathlib import Path

import pytest

from transcriber.audio import ffmpeg
from transcriber.audio.ffmpeg import find_ffmpeg
from transcriber.errors import DependencyError


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ffmpeg.ENVIRONMENT_VARIABLE, raising=False)


def fake(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "ffmpeg version {version} Copyright (c) the developers"\n')
    path.chmod(0o755)
    return path


def broken(path: Path) -> Path:
    fake(path, "0").write_text("#!/bin/sh\nexit 1\n")
    return path


def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    # This is how Python marks a module that must not be imported.
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)


def frozen_in(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(folder / "transcriber"))


def package_in(monkeypatch: pytest.MonkeyPatch, folder: Path, *, bomb: bool = False) -> Path:
    binary = fake(folder / "imageio_ffmpeg" / "binaries" / "ffmpeg-linux-x86_64-v9", "package")
    content = 'raise RuntimeError("imported")' if bomb else ""
    (folder / "imageio_ffmpeg" / "__init__.py").write_text(content)
    monkeypatch.delitem(sys.modules, "imageio_ffmpeg", raising=False)
    monkeypatch.syspath_prepend(str(folder))
    return binary


def test_the_order_of_the_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    option = fake(tmp_path / "option", "option")
    environment = fake(tmp_path / "environment", "environment")
    bundled = fake(tmp_path / "program" / "ffmpeg", "bundled")
    on_path = fake(tmp_path / "bin" / "ffmpeg", "path")
    package = package_in(monkeypatch, tmp_path / "site")
    monkeypatch.setenv("PATH", f"{on_path.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv(ffmpeg.ENVIRONMENT_VARIABLE, str(environment))
    frozen_in(monkeypatch, bundled.parent)

    found = find_ffmpeg(str(option))
    assert (found.path, found.version, found.origin) == (option, "option", "option")
    found = find_ffmpeg()
    assert (found.path, found.version, found.origin) == (environment, "environment", "environment")
    monkeypatch.delenv(ffmpeg.ENVIRONMENT_VARIABLE)
    found = find_ffmpeg()
    assert (found.path, found.version, found.origin) == (bundled, "bundled", "bundled")
    bundled.unlink()
    found = find_ffmpeg()
    assert (found.path, found.version, found.origin) == (package, "package", "package")
    without_package(monkeypatch)
    found = find_ffmpeg()
    assert (found.path, found.version, found.origin) == (on_path, "path", "PATH")


def test_a_file_beside_python_does_not_count_unless_frozen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path / "program" / "ffmpeg", "bundled")
    on_path = fake(tmp_path / "bin" / "ffmpeg", "path")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "program" / "python"))
    monkeypatch.setenv("PATH", f"{on_path.parent}{os.pathsep}{os.environ['PATH']}")
    without_package(monkeypatch)
    assert find_ffmpeg().origin == "PATH"


def test_the_package_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = package_in(monkeypatch, tmp_path / "site", bomb=True)
    assert find_ffmpeg().path == package
    assert "imageio_ffmpeg" not in sys.modules


def test_a_command_name_and_a_home_path_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = fake(tmp_path / "other-ffmpeg", "named")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_ffmpeg("other-ffmpeg").path == program
    assert find_ffmpeg("~/other-ffmpeg").path == program


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = fake(tmp_path / "here", "named")
    monkeypatch.chdir(tmp_path)
    assert find_ffmpeg("./here").path == program


def test_what_does_not_run_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(tmp_path / "program" / "ffmpeg")
    frozen_in(monkeypatch, tmp_path / "program")
    on_path = fake(tmp_path / "bin" / "ffmpeg", "path")
    monkeypatch.setenv("PATH", f"{on_path.parent}{os.pathsep}{os.environ['PATH']}")
    without_package(monkeypatch)
    assert find_ffmpeg().path == on_path


@pytest.mark.parametrize("by_option", [True, False])
@pytest.mark.parametrize("kind", ["missing", "failing", "other", "folder", "not executable", "bad"])
def test_a_named_one_that_does_not_run_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, by_option: bool
) -> None:
    fallback = fake(tmp_path / "bin" / "ffmpeg", "path")
    monkeypatch.setenv("PATH", f"{fallback.parent}{os.pathsep}{os.environ['PATH']}")
    named = tmp_path / "named"
    if kind == "failing":
        broken(named)
    elif kind == "other":
        fake(named, "1").write_text("#!/bin/sh\necho something else\n")
    elif kind == "folder":
        named.mkdir()
    elif kind == "not executable":
        fake(named, "1").chmod(0o644)
    elif kind == "bad":
        named.write_bytes(b"\x7fELF, but not really")
        named.chmod(0o755)
    if not by_option:
        monkeypatch.setenv(ffmpeg.ENVIRONMENT_VARIABLE, str(named))
    with pytest.raises(DependencyError) as caught:
        find_ffmpeg(str(named) if by_option else None)
    assert str(named) in caught.value.message
    assert "--ffmpeg" in caught.value.remedy


def test_one_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "_VERSION_SECONDS", 0.3)
    program = fake(tmp_path / "hangs", "1")
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(DependencyError, match="did not tell its version"):
        find_ffmpeg(str(program))


def test_none_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    without_package(monkeypatch)
    with pytest.raises(DependencyError, match="was not found: install"):
        find_ffmpeg()


def test_the_real_one_is_found_without_heavy_imports() -> None:
    code = (
        "import sys; from transcriber.audio.ffmpeg import find_ffmpeg; found = find_ffmpeg();"
        "print(found.version); heavy = {'numpy', 'torch', 'whisper', 'ffmpeg', 'imageio_ffmpeg'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    version, heavy = done.stdout.splitlines()
    assert version
    assert heavy == "[]"
