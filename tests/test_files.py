from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import child
import disks
import pytest

from transcriber import files, leftovers
from transcriber.errors import StorageError
from transcriber.files import (
    atomic_writer,
    make_directory,
    storage_error,
    synchronize_directory,
    temporary_file_error,
)


def write(path: Path, content: bytes) -> None:
    with atomic_writer(path) as stream:
        stream.write(content)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextlib.contextmanager
def umask(mask: int) -> Iterator[None]:
    previous = os.umask(mask)
    yield
    os.umask(previous)


def test_writes_a_file_and_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "some" / "folder" / "file.txt"
    write(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(path.parent) == ["file.txt"]


def test_writes_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("file.txt"), b"new")
    assert (tmp_path / "file.txt").read_bytes() == b"new"


def test_readers_see_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write(path, b"old")
    with path.open("rb") as reader:
        with atomic_writer(path) as stream:
            stream.write(b"new")
            stream.flush()
            assert path.read_bytes() == b"old"
        assert path.read_bytes() == b"new"
        assert reader.read() == b"old"


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, OSError])
def test_a_failure_in_the_block_leaves_the_old_file(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    path = tmp_path / "file.txt"
    write(path, b"old")
    expected = StorageError if failure is OSError else failure
    with pytest.raises(expected), atomic_writer(path) as stream:
        stream.write(b"half of the n")
        raise failure
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file.txt"]


def test_a_failure_in_the_block_leaves_no_new_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="slip"), atomic_writer(tmp_path / "file.txt"):
        raise ValueError("slip")
    assert names(tmp_path) == []


def test_a_disk_that_fails_late_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.txt"
    write(path, b"old")

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageError, match=r"cannot write .*file\.txt: No space left") as caught:
        write(path, b"new")
    assert "free some space" in caught.value.remedy
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file.txt"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    with disks.small_disk(tmp_path / "disk") as disk:
        path = disk / "file.txt"
        write(path, b"old")
        with pytest.raises(StorageError, match="No space left on device"):
            write(path, bytes(2 * 2**20))
        assert path.read_bytes() == b"old"
        assert names(disk) == ["file.txt"]
        write(path, bytes(2**19))
        assert path.stat().st_size == 2**19


def test_a_limit_of_file_sizes_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write(path, b"old")
    done = child.run(
        """
        import resource, sys
        from pathlib import Path
        from transcriber.errors import StorageError
        from transcriber.files import atomic_writer
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        # Less than a buffer, so that the failure comes with the flush or even later.
        for size in (10_001, 12_000, 100_000):
            try:
                with atomic_writer(Path(sys.argv[1])) as stream:
                    stream.write(bytes(size))
            except StorageError as error:
                print(error)
        """,
        path,
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines == [f"cannot write {path}: File too large: choose another folder"] * 3
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file.txt"]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write(path, b"old")
    done = child.run(
        """
        import os, signal, sys
        from pathlib import Path
        from transcriber.files import atomic_writer
        with atomic_writer(Path(sys.argv[1])) as stream:
            stream.write(b"new")
            stream.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        """,
        path,
    )
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    if files._unnamed_file(tmp_path) is None:
        # What it leaves is hidden, and tells what it was for.
        assert [name[:10] for name in names(tmp_path)] == [".file.txt.", "file.txt"]
    else:
        assert names(tmp_path) == ["file.txt"]
    leftovers._SEARCHED.clear()
    write(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file.txt"]


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from transcriber import files
    name, moment = sys.argv[2:]
    if name == "named":
        files._unnamed_file = lambda folder: None
    replace, link, fsync = Path.replace, os.link, os.fsync
    def die(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)
    def link_and_die(*arguments, **more):
        link(*arguments, **more)
        die()
    if moment == "before the rename":
        Path.replace = die
    if moment == "named just now":
        os.link = link_and_die
    if moment == "before it is on the disk":
        os.fsync = die
    with files.atomic_writer(Path(sys.argv[1])) as stream:
        stream.write(b"new")
    """


@pytest.mark.parametrize("old", [True, False], ids=["replaced", "new"])
@pytest.mark.parametrize("kind", ["unnamed", "named"])
@pytest.mark.parametrize(
    "moment", ["before the rename", "named just now", "before it is on the disk"]
)
def test_the_next_run_removes_what_a_killed_one_has_left(
    tmp_path: Path, moment: str, kind: str, old: bool
) -> None:
    path = tmp_path / "file.txt"
    if old:
        path.write_bytes(b"old")
    done = child.run(KILLED, path, kind, moment)
    left = {name for name in names(tmp_path) if name != path.name}
    if done.returncode == 0:
        # Nothing is renamed where no file is replaced, nor linked where it has a name.
        assert left == set()
        assert path.read_bytes() == b"new"
        return
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert all(name.startswith(".file.txt.") for name in left)
    assert not old or path.read_bytes() == b"old"
    # Whatever the next one writes.
    again = child.run(KILLED, tmp_path / "other.txt", "unnamed", "never")
    assert again.returncode == 0, again.stderr
    assert set(names(tmp_path)) - {path.name} == {"other.txt"}


def test_a_kill_before_the_rename_leaves_something(tmp_path: Path) -> None:
    """Else the test above would say nothing."""
    path = tmp_path / "file.txt"
    path.write_bytes(b"old")
    child.run(KILLED, path, "unnamed", "before the rename")
    assert len(names(tmp_path)) == 2


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EISDIR])
def test_a_file_system_without_unnamed_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    open_file = os.open

    def refuse(path: Path, flags: int, mode: int = 0o777, **options: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(code, os.strerror(code))
        return open_file(path, flags, mode, **options)

    monkeypatch.setattr(os, "open", refuse)
    path = tmp_path / "file.txt"
    with atomic_writer(path) as stream:
        stream.write(b"new")
        assert [name[:10] for name in names(tmp_path)] == [".file.txt."]
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file.txt"]


def test_without_proc_a_file_has_a_name_from_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_DESCRIPTORS", str(tmp_path / "missing"))
    write(tmp_path / "file.txt", b"new")
    assert (tmp_path / "file.txt").read_bytes() == b"new"
    assert names(tmp_path) == ["file.txt"]


def test_the_content_is_on_the_disk_before_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(b"old")
    order: list[str] = []
    fsync, replace, link = os.fsync, Path.replace, os.link

    def note_fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            order.append("folder")
        else:
            order.append(f"{os.fstat(descriptor).st_size} bytes")
        fsync(descriptor)

    def note_replace(source: Path, target: Path) -> Path:
        order.append(f"{target.name}")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", note_fsync)

    def note_link(source: str, name: str, **more: Any) -> None:
        if not name.startswith("."):
            order.append(name)
        link(source, name, **more)

    monkeypatch.setattr(Path, "replace", note_replace)
    monkeypatch.setattr(os, "link", note_link)
    write(path, b"new")
    # It is tried whether there is none yet.
    assert [one for one in order if one != "file.txt"] == ["3 bytes", "folder"]
    assert order[0] == "3 bytes"
    assert order[-2:] == ["file.txt", "folder"]
    path.unlink()
    order.clear()
    write(path, b"new")
    assert order == ["3 bytes", "file.txt", "folder"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o027, 0o000], ids=oct)
def test_the_mode_is_that_of_any_new_file(tmp_path: Path, mask: int) -> None:
    with umask(mask):
        (tmp_path / "any").touch()
        write(tmp_path / "file.txt", b"new")
        assert os.umask(mask) == mask
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o666 & ~mask}


@pytest.mark.parametrize("character", ["x", "é", "語", "😀", "\udce9"], ids=ascii)
def test_a_name_may_be_as_long_as_a_name_can_be(tmp_path: Path, character: str) -> None:
    name = character * (255 // len(os.fsencode(character)))
    write(tmp_path / name, b"new")
    assert names(tmp_path) == [name]


def test_a_longer_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="File name too long"):
        write(tmp_path / ("x" * 256), b"new")
    assert names(tmp_path) == []


def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    with (
        disks.read_only(tmp_path / "folder") as folder,
        pytest.raises(StorageError) as caught,
    ):
        write(folder / "file.txt", b"new")
    assert str(folder / "file.txt") in caught.value.message
    assert caught.value.remedy in (
        "choose a folder that is not read-only",
        "choose a folder that you may write to",
    )


def test_a_folder_that_may_not_be_listed_can_be_written_to(tmp_path: Path) -> None:
    prefix = child.bound_by_modes()
    if prefix is None:
        pytest.skip("root cannot be bound by modes here")
    folder = tmp_path / "drop"
    folder.mkdir(mode=0o300)
    code = """
        import sys
        from pathlib import Path
        from transcriber.files import atomic_writer
        with atomic_writer(Path(sys.argv[1])) as stream:
            stream.write(b"new")
        """
    done = child.run(code, folder / "file.txt", prefix=prefix)
    folder.chmod(0o700)
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "file.txt").read_bytes() == b"new"
    assert names(folder) == ["file.txt"]


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file.txt").mkdir()
    with pytest.raises(StorageError, match=r"cannot write .*file\.txt: Is a directory"):
        write(tmp_path / "file.txt", b"new")
    assert names(tmp_path) == ["file.txt"]


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"file is no folder"):
        write(tmp_path / "file" / "a.txt", b"new")
    with pytest.raises(StorageError, match=r"file is no folder"):
        make_directory(tmp_path / "file")


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    make_directory(tmp_path / "a" / "b")
    (tmp_path / "a" / "b" / "file").touch()
    make_directory(tmp_path / "a" / "b")
    assert names(tmp_path / "a" / "b") == ["file"]


def test_a_folder_without_fsync_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)
    before = len(list(Path("/proc/self/fd").iterdir()))
    synchronize_directory(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_several_writers_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    code = """
        import sys
        from pathlib import Path
        from transcriber.files import atomic_writer
        for _ in range(20):
            with atomic_writer(Path(sys.argv[1])) as stream:
                for _ in range(100):
                    stream.write(sys.argv[2].encode() * 1000)
        """
    letters = "abcd"
    processes = [child.start(code, path, letter) for letter in letters]
    codes = [process.wait(timeout=60) for process in processes]
    for process in processes:
        assert process.stdout is not None
        process.stdout.close()
    assert codes == [0] * len(letters)
    assert path.read_text() in [letter * 100_000 for letter in letters]
    assert names(tmp_path) == ["file.txt"]


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "not read-only"),
        (errno.EACCES, "may write"),
        (errno.EPERM, "may write"),
        (errno.ENAMETOOLONG, "shorter name"),
        (errno.EIO, "another folder"),
    ],
)
def test_the_remedy_fits_the_failure(code: int, remedy: str) -> None:
    error = storage_error("write", Path("a.txt"), OSError(code, os.strerror(code)))
    assert error.message == f"cannot write a.txt: {os.strerror(code)}"
    assert remedy in error.remedy
    assert error.exit_code == 7


def test_a_failure_without_a_reason_names_its_kind() -> None:
    error = storage_error("write", Path("a.txt"), BlockingIOError())
    assert error.message == "cannot write a.txt: BlockingIOError"
    assert "BlockingIOError" in temporary_file_error("the sound", BlockingIOError()).message


def test_a_failure_with_a_temporary_file_names_the_variable() -> None:
    error = temporary_file_error("the sound", OSError(errno.ENOSPC, "No space left on device"))
    assert error.message == "cannot keep the sound in a temporary file: No space left on device"
    assert error.remedy == "free some space, or name another folder in TMPDIR"
