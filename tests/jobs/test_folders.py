"""The folders of jobs."""

from __future__ import annotations

from pathlib import Path

import child
import pytest
from disks import read_only

from transcriber.errors import StorageError
from transcriber.jobs.folders import Folders, OccupiedError


def test_a_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "data")
    job = folders.new()
    assert folders.of(job).stat().st_mode & 0o777 == 0o700


def test_no_two_jobs_have_one_name(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    assert len({folders.new() for _ in range(50)}) == 50


def test_one_process_at_a_time_has_them(tmp_path: Path) -> None:
    code = """
        import sys
        from pathlib import Path
        from transcriber.jobs.folders import Folders
        folders = Folders(Path(sys.argv[1]))
        print("mine", flush=True)
        sys.stdin.read()
    """
    with child.start(code, tmp_path, stdin=-1) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "mine\n"
        with pytest.raises(OccupiedError, match=r"another transcriber.*--data_dir"):
            Folders(tmp_path)
        other.kill()
    Folders(tmp_path).close()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with read_only(tmp_path / "data") as folder, pytest.raises(StorageError, match="data"):
        Folders(folder)


def test_the_folders_of_unknown_jobs_go_and_nothing_else(tmp_path: Path) -> None:
    kept = tmp_path / "holidays"
    kept.mkdir()
    (kept / "photograph").touch()
    (tmp_path / ("0" * 16)).touch()
    (tmp_path / ("1" * 16)).symlink_to(kept)
    folders = Folders(tmp_path)
    known, unknown = folders.new(), folders.new()
    folders.remove_others({known})
    assert folders.of(known).is_dir()
    assert not folders.of(unknown).exists()
    assert (kept / "photograph").is_file()
    assert (tmp_path / ("0" * 16)).is_file()


def test_folders_are_put_aside(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    job = folders.new()
    (folders.of(job) / "transcript.json").write_text("{}")
    assert folders.put_aside() == 1
    assert (tmp_path / "found" / job / "transcript.json").is_file()
    assert folders.put_aside() == 0


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_a_transcript_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    folders = Folders(tmp_path)
    job = folders.new()
    assert folders.transcript(job) is None
    (folders.of(job) / "transcript.json").write_bytes(content)
    assert folders.transcript(job) is None
