from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import child
import disks
import pytest

from transcriber.errors import InputError, StorageError, UsageError
from transcriber.inputs.recordings import Recording, find_recordings, readable_file
from transcriber.settings import EVERY_FORMAT

NOT_UTF_8 = os.fsdecode(b"caf\xe9.wav")


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def touch(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(*inputs: str) -> list[tuple[str, str]]:
    """Return path and stem of what `inputs` mean."""
    return [(str(r.path), str(r.stem)) for r in find_recordings(inputs)]


def test_a_file_is_named_after_itself() -> None:
    touch("talk.mp3", "audio/talk.2024.m4a")
    assert found("talk.mp3") == [("talk.mp3", "talk")]
    # The output folder is flat where files are named outright, as in openai-whisper.
    assert found("audio/talk.2024.m4a") == [("audio/talk.2024.m4a", "talk.2024")]


def test_a_named_file_may_end_in_anything(tmp_path: Path) -> None:
    touch("notes.txt", ".hidden", "noending")
    assert found("notes.txt", ".hidden", str(tmp_path / "noending")) == [
        ("notes.txt", "notes"),
        (".hidden", ".hidden"),
        (str(tmp_path / "noending"), "noending"),
    ]


def test_a_missing_file_is_told_when_its_turn_comes() -> None:
    assert found("missing.wav", "missing/a.wav") == [
        ("missing.wav", "missing"),
        ("missing/a.wav", "a"),
    ]


def test_an_empty_name_is_told() -> None:
    # As from an unset variable; the path of nothing would be the current folder.
    touch("a.wav")
    with pytest.raises(InputError, match="empty"):
        find_recordings([""])


def test_the_order_is_the_given_one() -> None:
    touch("b.wav", "a.wav", "c/2.wav", "c/1.wav")
    assert [path for path, _ in found("b.wav", "c", "a.wav")] == [
        "b.wav",
        "c/1.wav",
        "c/2.wav",
        "a.wav",
    ]


def test_standard_input() -> None:
    (recording,) = find_recordings(["-"])
    assert recording == Recording(path=None, label="standard input", stem=Path("stdin"))


def test_a_folder_keeps_its_structure() -> None:
    touch("in/b/2.wav", "in/b/10.mp3", "in/a/x/deep.flac", "in/top.ogg")
    assert found("in") == [
        ("in/top.ogg", "top"),
        ("in/a/x/deep.flac", "a/x/deep"),
        ("in/b/10.mp3", "b/10"),
        ("in/b/2.wav", "b/2"),
    ]
    assert found("in/") == found("in") == found("./in")


def test_the_current_folder(tmp_path: Path) -> None:
    touch("in/a.wav", "b.wav")
    assert found(".") == [("b.wav", "b"), ("in/a.wav", "in/a")]
    assert found(str(tmp_path)) == [
        (str(tmp_path / "b.wav"), "b"),
        (str(tmp_path / "in" / "a.wav"), "in/a"),
    ]


def test_in_a_folder_only_recordings_count() -> None:
    touch("in/a.wav", "in/a.txt", "in/a.wav.part", "in/noending", "in/._a.wav", "in/.wav")
    touch("in/.Trash-1000/files/old.wav", "in/b/.cache/c.wav")
    assert found("in") == [("in/a.wav", "a")]


def test_in_a_folder_endings_count_in_any_case() -> None:
    touch("in/A.WAV", "in/b.Mp3")
    assert found("in") == [("in/A.WAV", "A"), ("in/b.Mp3", "b")]


def test_in_a_folder_all_media_that_are_promised_count() -> None:
    promised = """wav mp3 m4a mp4 mov aac flac ogg opus webm mkv wma asf amr ac3 aiff caf 3gp ts
        avi flv"""
    for ending in promised.split():
        touch(f"in/{ending}.{ending}")
    assert {stem for _, stem in found("in")} == set(promised.split())


def test_a_folder_without_a_recording_is_told() -> None:
    touch("in/a.txt")
    with pytest.raises(InputError, match="the folder in holds no recording") as caught:
        find_recordings(["in"])
    assert caught.value.exit_code == 3


def test_a_folder_that_cannot_be_read_is_told() -> None:
    prefix = child.bound_by_modes()
    if prefix is None:
        pytest.skip("root cannot be bound by modes here")
    touch("in/a.wav", "in/locked/b.wav")
    Path("in/locked").chmod(0o300)
    code = """
        from transcriber.errors import InputError
        from transcriber.inputs.recordings import find_recordings
        try:
            find_recordings(["in"])
        except InputError as error:
            print(error)
        """
    done = child.run(code, prefix=prefix)
    Path("in/locked").chmod(0o700)
    assert done.stderr == ""
    assert done.stdout == "cannot read the folder in/locked: Permission denied\n"


def test_links_to_folders_are_not_followed_in_a_circle() -> None:
    touch("in/a.wav")
    Path("in/circle").symlink_to("..")
    assert found("in") == [("in/a.wav", "a")]


def test_a_pattern(tmp_path: Path) -> None:
    touch("a1.wav", "a2.wav", "b.wav", "in/a3.wav", "in/deep/a4.wav")
    assert found("a*.wav") == [("a1.wav", "a1"), ("a2.wav", "a2")]
    assert found("a?.wav") == found("a[12].wav") == found("a*.wav")
    assert found("**/a[34].wav") == [("in/a3.wav", "a3"), ("in/deep/a4.wav", "a4")]
    assert found(f"{tmp_path}/in/*.wav") == [(f"{tmp_path}/in/a3.wav", "a3")]


def test_a_pattern_names_files_whatever_they_end_in() -> None:
    touch("a.txt", "a.wav.bak", "folder.d/x")
    assert found("*.*") == [("a.txt", "a"), ("a.wav.bak", "a.wav")]


@pytest.mark.parametrize("pattern", ["*.wav", "in/*", "**/*.mp3", "[ab].wav"])
def test_a_pattern_without_a_match_is_told(pattern: str) -> None:
    touch("a.txt")
    with pytest.raises(InputError) as caught:
        find_recordings(["a.txt", pattern])
    assert str(caught.value) == f"no file matches {pattern}: check the pattern"


def test_a_pattern_that_matches_only_folders_is_told() -> None:
    touch("in/a.wav")
    with pytest.raises(InputError, match=r"no file matches \*"):
        find_recordings(["*"])


@pytest.mark.parametrize("name", ["talk [1].wav", "why?.wav", "*.wav", "[ab].wav"])
def test_a_file_whose_name_looks_like_a_pattern(name: str) -> None:
    touch("a.wav", "talk 1.wav", "whyx.wav")
    touch(name)
    assert found(name) == [(name, Path(name).stem)]


def test_a_broken_link_whose_name_looks_like_a_pattern() -> None:
    Path("a[1].wav").symlink_to("nowhere")
    touch("a1.wav")
    assert found("a[1].wav") == [("a[1].wav", "a[1]")]


def test_a_folder_whose_name_looks_like_a_pattern() -> None:
    touch("[2024]/a.wav", "2/b.wav")
    assert found("[2024]") == [("[2024]/a.wav", "a")]


def test_the_same_file_named_twice_is_one_recording(tmp_path: Path) -> None:
    touch("in/a.wav", "b.wav")
    assert found("b.wav", "./b.wav", str(tmp_path / "b.wav"), "b*.wav") == [("b.wav", "b")]
    assert found("in", "in/a.wav", "in/*.wav", "-", "-") == [("in/a.wav", "a"), ("None", "stdin")]


@pytest.mark.parametrize(
    ("files", "inputs", "stems"),
    [
        (["a.wav", "a.mp3"], ["a.wav", "a.mp3"], ["a.wav", "a.mp3"]),
        (["x/a.wav", "x/a.mp3"], ["x"], ["a.mp3", "a.wav"]),
        (["x/b/a.wav", "x/b/a.mp3", "x/a.ogg"], ["x"], ["a", "b/a.mp3", "b/a.wav"]),
        # What a changed name clashes with is changed, too, and nothing else.
        (["x/a.wav", "x/a.mp3", "x/a.mp3.ogg"], ["x"], ["a.mp3", "a.mp3.ogg", "a.wav"]),
        (["x/a.wav", "y/a.wav"], ["x/a.wav", "y/a.wav"], ["x/a.wav", "y/a.wav"]),
        (["x/a.wav", "y/a.wav"], ["x", "y"], ["x/a.wav", "y/a.wav"]),
        (["x/a.wav", "y/a.mp3"], ["x", "y"], ["a.wav", "a.mp3"]),
        (["stdin.wav"], ["-", "stdin.wav"], ["stdin", "stdin.wav"]),
        # The first folders whose names differ.
        (["p/x/a.wav", "q/x/a.wav"], ["p/x/a.wav", "q/x/a.wav"], ["p/x/a.wav", "q/x/a.wav"]),
        (["p/x/b/a.wav", "q/x/b/a.wav"], ["p/x", "q/x"], ["p/x/b/a.wav", "q/x/b/a.wav"]),
        (["p/a.wav", "a.wav"], ["p", "../{here}/a.wav"], ["p/a.wav", "{here}/a.wav"]),
    ],
    ids=str,
)
def test_recordings_of_the_same_name_are_told_apart(
    files: Sequence[str], inputs: Sequence[str], stems: Sequence[str]
) -> None:
    touch(*files)
    inputs, stems = ([one.format(here=Path.cwd().name) for one in ones] for ones in (inputs, stems))
    notes: list[str] = []
    found = [str(one.stem) for one in find_recordings(inputs, notes.append)]
    assert found == stems
    (note,) = notes
    assert note.startswith("recordings of the same name: their files are called ")
    changed = [stem for stem in stems if Path(stem).suffix]
    assert all(f"{stem}.*" in note for stem in changed)
    # A second run, or one in another order, gives the same names.
    again = [str(one.stem) for one in find_recordings(inputs)]
    assert again == stems
    assert {str(one.stem) for one in find_recordings(inputs[::-1])} == set(stems)


def test_recordings_that_no_name_tells_apart_are_refused() -> None:
    touch("p/a.wav", "q/x/b")
    Path("p/x").symlink_to("../q/x")
    touch("q/a.wav")
    # The one beside the link, and the one that lies above its target, are written alike.
    with pytest.raises(UsageError, match="would write the same files") as caught:
        find_recordings(["p/a.wav", "p/x/../a.wav"])
    assert "--output_dir" in caught.value.remedy
    assert "p/a.wav" in caught.value.message


@pytest.mark.parametrize("again", ["x/../x/a.wav", "link/a.wav", "link", "./x//a.wav", "link/../x"])
def test_a_file_is_one_recording_however_its_folder_is_named(again: str) -> None:
    touch("x/a.wav")
    Path("link").symlink_to("x")
    assert found("x/a.wav", again) == [("x/a.wav", "a")]


def test_a_link_to_a_recording_is_one_of_its_own() -> None:
    touch("x/a.wav")
    Path("x/b.wav").symlink_to("a.wav")
    assert found("x") == [("x/a.wav", "a"), ("x/b.wav", "b")]


@pytest.mark.parametrize("ending", EVERY_FORMAT)
def test_a_recording_that_is_called_like_a_transcript_is_not_replaced(ending: str) -> None:
    touch(f"x/a.{ending}")
    notes: list[str] = []
    Path("link").symlink_to("x")
    for folder in ("x", "link", "./x/.", str(Path("x").absolute())):
        (one,) = find_recordings([f"x/a.{ending}"], notes.append, output=Path(folder))
        assert one.stem == Path(f"a.{ending}")
    wanted = f"so as not to overwrite what is read, files are called a.{ending}.*"
    assert notes == [wanted] * 4
    for elsewhere in (Path("y"), Path(), None):
        assert find_recordings([f"x/a.{ending}"], output=elsewhere)[0].stem == Path("a")


def test_no_transcript_replaces_another_recording() -> None:
    touch("x/a.wav", "x/a.txt", "x/a.wav.srt", "x/b/c.txt", "y/b/c.ogg")
    given = ["x/a.wav", "x/a.txt", "x/a.wav.srt", "x/b/c.txt", "y"]
    stems = [str(one.stem) for one in find_recordings(given, output=Path("x"))]
    assert stems == ["x/a.wav", "a.txt", "a.wav.srt", "c", "b/c.ogg"]


def test_no_transcript_replaces_a_list_of_recordings() -> None:
    touch("a.wav")
    Path("a.txt").write_text("a.wav\n")
    assert find_recordings(["@a.txt"], output=Path())[0].stem == Path("a.wav")


def test_a_transcript_that_would_replace_what_is_read_in_any_case_is_refused() -> None:
    touch("stdin.txt")
    with pytest.raises(UsageError, match="would overwrite what is read"):
        find_recordings(["-", "stdin.txt"], output=Path())


def test_names_that_are_no_text() -> None:
    touch(f"in/{NOT_UTF_8}")
    direct, inside = find_recordings([f"in/{NOT_UTF_8}"])[0], find_recordings(["in"])[0]
    for recording in (direct, inside):
        assert recording.path == Path("in", NOT_UTF_8)
        assert recording.label == "in/caf\ufffd.wav"
        assert os.fsencode(recording.stem) == b"caf\xe9"
    assert found("in/*.wav") == [(f"in/{NOT_UTF_8}", "caf\udce9")]


@pytest.mark.parametrize("name", ["grün 語 😀.wav", "a b.wav", "'quoted'.wav"])
def test_names_that_are_text_are_labels(name: str) -> None:
    touch(name)
    assert find_recordings([name])[0].label == name


def recording(path: Path | None) -> Recording:
    return Recording(path=path, label="label", stem=Path("stem"))


def test_a_file_is_read_where_it_is() -> None:
    with readable_file(recording(Path("some/a.wav"))) as path:
        assert path == Path("some/a.wav")


COPY = """
    import sys
    from pathlib import Path
    from transcriber.errors import TranscriberError
    from transcriber.inputs.recordings import Recording, readable_file
    try:
        with readable_file(Recording(path=None, label="-", stem=Path("stdin"))) as path:
            content = path.read_bytes()
            # At any offset, and by a program that opens the path by itself.
            assert path.stat().st_size == len(content)
            print(len(content), content == bytes(range(256)) * (len(content) // 256))
        print(path.exists())
    except TranscriberError as error:
        print(error.exit_code, error)
    """


def test_standard_input_is_copied(tmp_path: Path) -> None:
    for blocks in (0, 1, 20_000):
        content = tmp_path / "content"
        content.write_bytes(bytes(range(256)) * blocks)
        # Through a pipe, which cannot be read at any offset.
        with subprocess.Popen(["cat", content], stdout=subprocess.PIPE) as source:
            done = child.run(COPY, stdin=source.stdout)
        assert done.stderr == ""
        assert done.stdout.splitlines() == [f"{256 * blocks} True", "False"]


@pytest.mark.parametrize("shown", [True, False])
def test_the_copy_of_standard_input_is_gone_afterwards(
    shown: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda *_: shown)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"RIFF")))
    with readable_file(recording(None)) as path:
        # What is killed now leaves that.
        assert len(list(tmp_path.iterdir())) == (0 if shown else 1)
        assert path.read_bytes() == b"RIFF"
        assert subprocess.check_output(["cat", path]) == b"RIFF"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [8000, 2 * 2**20])
def test_standard_input_that_does_not_fit_is_told(tmp_path: Path, size: int) -> None:
    content = tmp_path / "content"
    content.write_bytes(bytes(size))
    with disks.small_disk(tmp_path / "disk") as disk:
        # Python takes a folder for temporary files only where it can write a few bytes.
        (disk / "filling").write_bytes(bytes(2**20 - 4096))
        with content.open("rb") as stream:
            done = child.run(COPY, stdin=stream, variables={"TMPDIR": str(disk)})
        assert [path.name for path in disk.iterdir()] == ["filling"]
    assert done.stderr == ""
    assert done.stdout == (
        "7 cannot keep standard input in a temporary file: No space left on device: "
        "free some space, or name another folder in TMPDIR\n"
    )


def test_standard_input_without_a_temporary_folder_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"RIFF")))
    with (
        pytest.raises(StorageError, match="No usable temporary directory"),
        readable_file(recording(None)),
    ):
        pass


def test_standard_input_that_breaks_off_is_told(tmp_path: Path) -> None:
    broken = io.TextIOWrapper(io.BufferedReader(Broken()))
    stdin, sys.stdin = sys.stdin, broken
    try:
        with (
            pytest.raises(StorageError, match="Input/output error"),
            readable_file(recording(None)),
        ):
            pass
    finally:
        sys.stdin = stdin


class Broken(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_terminal_is_no_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with open(theirs) as terminal, open(ours):
        monkeypatch.setattr(sys, "stdin", terminal)
        with (
            pytest.raises(UsageError, match="standard input is a terminal: pipe a recording"),
            readable_file(recording(None)),
        ):
            pass


def test_a_closed_standard_input_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="standard input"), readable_file(recording(None)):
        pass


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("*.m4a", "no file matches *.m4a"),
        ("empty", "the folder empty holds no recording"),
        ("@none.txt", "cannot read the list none.txt"),
        ("@", "@ names no list"),
        ("@https://a.b/list.txt", "only local files are read"),
        ("", "the name of a recording is empty"),
    ],
)
def test_what_is_not_found_keeps_nothing_else_from_being_found(given: str, told: str) -> None:
    touch("a.wav", "in/b.wav", "empty/notes.txt")
    failures: list[tuple[str, str]] = []
    found = find_recordings(
        ["a.wav", given, "in"], failed=lambda label, error: failures.append((label, str(error)))
    )
    assert [str(recording.path) for recording in found] == ["a.wav", "in/b.wav"]
    ((label, line),) = failures
    assert (label, told in line) == (given, True), line
    with pytest.raises(InputError):
        find_recordings(["a.wav", given, "in"])


def test_a_line_of_a_list_keeps_no_other_from_being_found() -> None:
    touch("a.wav", "c.wav")
    Path("list.txt").write_text("a.wav\n[gone] b.wav\nc.wav\n")
    labels: list[str] = []
    found = find_recordings(["@list.txt"], failed=lambda label, _: labels.append(label))
    assert [str(recording.path) for recording in found] == ["a.wav", "c.wav"]
    assert labels == ["[gone] b.wav"]


def test_a_folder_that_cannot_be_read_keeps_no_other_from_being_found() -> None:
    prefix = child.bound_by_modes()
    if prefix is None:
        pytest.skip("root cannot be bound by modes here")
    touch("in/a.wav", "in/locked/b.wav", "in/other/c.wav")
    Path("in/locked").chmod(0o300)
    code = """
        from transcriber.inputs.recordings import find_recordings
        found = find_recordings(["in"], failed=lambda label, error: print(label, error))
        print(*(recording.path for recording in found))
        """
    done = child.run(code, prefix=prefix)
    Path("in/locked").chmod(0o700)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "in/locked cannot read the folder in/locked: Permission denied",
        "in/a.wav in/other/c.wav",
    ]
