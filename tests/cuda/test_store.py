from __future__ import annotations

import os
from pathlib import Path

import pytest

from transcriber.cuda.store import (
    addon_directory,
    damage,
    import_addon,
    remove_all,
    stored_path,
)
from transcriber.errors import DependencyError, StorageError

from .conftest import Sample


@pytest.mark.parametrize("form", ["packed", "library"])
def test_both_forms_can_be_imported(sample: Sample, tmp_path: Path, form: str) -> None:
    source = tmp_path / "any name"
    source.write_bytes(getattr(sample, form))
    stored = import_addon(source, sample.addon())
    assert stored == stored_path(sample.addon())
    assert stored.read_bytes() == sample.library
    assert [path.name for path in addon_directory().iterdir()] == [stored.name]
    assert damage(stored, sample.addon()) == ""


@pytest.mark.parametrize("form", ["packed", "library"])
@pytest.mark.parametrize("wrong", ["a byte", "the length"])
def test_another_file_is_not_imported(
    sample: Sample, tmp_path: Path, form: str, wrong: str
) -> None:
    content: bytes = getattr(sample, form)
    content = content[:-1] + (bytes([content[-1] ^ 1]) if wrong == "a byte" else b"")
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DependencyError, match=r"file (is not|does not hold) the CUDA add-on"):
        import_addon(tmp_path / "file", sample.addon())
    assert not stored_path(sample.addon()).exists()


@pytest.mark.parametrize("there", ["nothing", "a folder"])
def test_what_is_no_file_is_not_imported(sample: Sample, tmp_path: Path, there: str) -> None:
    if there == "a folder":
        (tmp_path / "file").mkdir()
    with pytest.raises((StorageError, DependencyError)) as caught:
        import_addon(tmp_path / "file", sample.addon())
    assert str(tmp_path / "file") in str(caught.value)


def test_the_check_is_of_the_bytes(sample: Sample, tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert damage(file, sample.addon()) == "No such file or directory"
    file.write_bytes(sample.library[:-1])
    assert "bytes, not" in damage(file, sample.addon())
    file.write_bytes(sample.library[:-1] + b"?")
    assert damage(file, sample.addon()) == "it does not have its sha256"
    file.write_bytes(sample.library)
    assert damage(file, sample.addon()) == ""


def test_that_of_another_version_goes_when_this_one_comes(sample: Sample, tmp_path: Path) -> None:
    addon_directory().mkdir(parents=True)
    old = addon_directory() / "libtorch_cuda-0123456789abcdef.so"
    old.write_bytes(b"old")
    (tmp_path / "file").write_bytes(sample.packed)
    import_addon(tmp_path / "file", sample.addon())
    assert not old.exists()


def test_what_a_killed_process_left_goes_when_it_is_old(sample: Sample, tmp_path: Path) -> None:
    addon_directory().mkdir(parents=True)
    name = f".{stored_path(sample.addon()).name}."
    old, new = (addon_directory() / f"{name}{end}" for end in ("abandoned", "written"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    (tmp_path / "file").write_bytes(sample.packed)
    import_addon(tmp_path / "file", sample.addon())
    assert (old.exists(), new.exists()) == (False, True)
    assert new in remove_all()
    assert list(addon_directory().iterdir()) == []


def test_removing(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(sample.packed)
    stored = import_addon(tmp_path / "file", sample.addon())
    partial = addon_directory() / f"{sample.addon().file_name}.partial"
    partial.write_bytes(b"begun")
    kept = addon_directory() / "something else"
    kept.write_bytes(b"")
    assert remove_all() == sorted([stored, partial])
    assert remove_all() == []
    assert kept.exists()


def test_no_room_for_the_unpacked_file(sample: Sample, tmp_path: Path, small_disk: Path,
                                       monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("XDG_CACHE_HOME", str(small_disk))
    (tmp_path / "file").write_bytes(sample.packed)
    with pytest.raises(StorageError, match="No space left on device: free some space"):
        import_addon(tmp_path / "file", sample.addon())
    assert list(addon_directory().iterdir()) == []
