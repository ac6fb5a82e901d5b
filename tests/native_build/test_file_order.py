"""The order of the files in an AppImage."""

from __future__ import annotations

from pathlib import Path

from native_build.file_order import FIRST, in_order, write_order


def fill(folder: Path, **contents: bytes) -> Path:
    for name, content in contents.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_texts_of_a_kind_are_neighbours_and_machine_code_is_last(tmp_path: Path) -> None:
    fill(tmp_path, a_so=b"\x7fELF\0", b_js=b"j", c_css=b"c", d__e_js=b"j", f_npz=b"n\0", g=b"t")
    (tmp_path / "link").symlink_to("b.js")
    assert in_order(tmp_path) == ["g", "c.css", "b.js", "d/e.js", "f.npz", "a.so"]


def test_the_first_has_the_highest_priority(tmp_path: Path) -> None:
    write_order(fill(tmp_path / "folder", b_js=b"j", a_so=b"\x7fELF\0"), tmp_path / "order")
    assert (tmp_path / "order").read_text() == f"b.js {FIRST}\na.so {FIRST - 1}\n"


def test_a_blank_does_not_end_a_name(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/a b\\c").touch()
    write_order(tmp_path / "folder", tmp_path / "order")
    assert (tmp_path / "order").read_text() == f"a\\ b\\\\c {FIRST}\n"
