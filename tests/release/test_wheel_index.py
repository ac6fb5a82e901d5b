from __future__ import annotations

import email
import hashlib
import json
import os
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from packaging.version import Version

from buildkit.archive import write_zip
from buildkit.errors import InputError, ResultError
from release.wheels.index import is_attestation, is_refused, read_entry, write_python_index
from scripts.layout import DISTRIBUTION

TORCH = sorted(DISTRIBUTION.glob("torch-*.whl"))
needs_torch = pytest.mark.skipif(not TORCH, reason="no wheel of torch in dist/: make torch")


def make_wheel(
    folder: Path, name: str = "some-thing", version: str = "1.0", more: str = ""
) -> Path:
    escaped = name.replace("-", "_")
    about = f"{escaped}-{version}.dist-info"
    text = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{more}\nText\n"
    path = folder / f"{escaped}-{version}-py3-none-any.whl"
    write_zip(path, {f"{escaped}.py": b"", f"{about}/METADATA": text.encode()})
    return path


class _Links(HTMLParser):
    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[dict[str, str]] = []
        self.meta: dict[str, str] = {}
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(found)
        if tag == "meta":
            self.meta[found["name"]] = found["content"]


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_links_to_every_wheel_with_its_digest_and_metadata(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path, "torch", "2.6.0+whisper.cpu", 'Requires-Python: <3.14,>=3.11\nSummary: "&"\n'
    )
    simple = write_python_index([wheel, make_wheel(tmp_path)], tmp_path / "out")
    assert [one["href"] for one in _Links(simple / "index.html").links] == ["some-thing/", "torch/"]
    page = _Links(simple / "torch/index.html")
    assert page.meta == {"pypi:repository-version": "1.3"}
    (link,) = page.links
    address, _, digest = link["href"].partition("#sha256=")
    # A server may take a plus for a blank.
    assert "+" not in address
    laid = simple / "torch" / unquote(address)
    assert laid.read_bytes() == wheel.read_bytes()
    assert digest == hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert link["data-requires-python"] == "<3.14,>=3.11"
    metadata = (simple / "torch" / f"{wheel.name}.metadata").read_bytes()
    assert email.message_from_bytes(metadata)["Name"] == "torch"
    expected = f"sha256={hashlib.sha256(metadata).hexdigest()}"
    assert link["data-core-metadata"] == link["data-dist-info-metadata"] == expected
    (other,) = _Links(simple / "some-thing/index.html").links
    assert "data-requires-python" not in other


def test_says_the_same_in_json(tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path, version=one) for one in ("1.10", "1.9")]
    simple = write_python_index(wheels, tmp_path / "out")
    listed = json.loads((simple / "index.json").read_text())
    assert listed == {"meta": {"api-version": "1.3"}, "projects": [{"name": "some-thing"}]}
    data = json.loads((simple / "some-thing/index.json").read_text())
    assert data["name"] == "some-thing"
    assert data["versions"] == ["1.9", "1.10"]
    links = _Links(simple / "some-thing/index.html").links
    for file, link in zip(data["files"], links, strict=True):
        content = (simple / "some-thing" / unquote(file["url"])).read_bytes()
        assert file["size"] == len(content)
        assert link["href"] == f"{file['url']}#sha256={file['hashes']['sha256']}"
        assert link["data-core-metadata"] == f"sha256={file['core-metadata']['sha256']}"


def test_gives_the_same_files_and_drops_old_ones(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    first, second = make_wheel(tmp_path), make_wheel(tmp_path, version="2.0")
    simple = write_python_index([second, first], tmp_path / "a")
    mask = os.umask(0o077)
    try:
        moved = [Path(shutil.copy(one, tmp_path / "elsewhere")) for one in (first, second)]
        again = write_python_index(moved, tmp_path / "b")
    finally:
        os.umask(mask)
    assert _tree(simple) == _tree(again)
    write_python_index([second], tmp_path / "a")
    assert not [name for name in _tree(simple) if first.name in name]


def test_lays_a_provenance_beside_and_names_it_where_it_is_an_attestation(tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path, name) for name in ("attested", "stated")]
    attestation, statement = tmp_path / "one.provenance", tmp_path / "release.intoto.json"
    attestation.write_text('{"version": 1, "attestation_bundles": []}')
    statement.write_text('{"_type": "https://in-toto.io/Statement/v1"}')
    given = dict(zip(wheels, (attestation, statement), strict=True))
    simple = write_python_index(wheels, tmp_path / "out", given)
    (link,) = _Links(simple / "attested/index.html").links
    assert link["data-provenance"] == attestation.name
    assert json.loads((simple / "attested/index.json").read_text())["files"][0]["provenance"]
    (link,) = _Links(simple / "stated/index.html").links
    assert "data-provenance" not in link
    assert (simple / "stated" / statement.name).read_bytes() == statement.read_bytes()


def test_an_attestation_is_an_object_of_version_1() -> None:
    for text in (b"", b"[]", b'{"version": 2, "attestation_bundles": []}', b'{"version": 1}'):
        assert not is_attestation(text)


@pytest.mark.parametrize(
    ("version", "more", "refused"),
    [
        ("2.6.0", "", False),
        ("2.6.0+whisper.cpu", "", True),
        ("2.6.0", "Classifier: Private :: Do Not Upload\n", True),
        ("2.6.0", "Classifier: Typing :: Typed\n", False),
    ],
)
def test_knows_what_the_public_index_refuses(version: str, more: str, refused: bool) -> None:
    assert is_refused(f"Name: torch\nVersion: {version}\n{more}\n".encode()) is refused


def test_refuses_a_torch_that_could_get_into_the_public_index(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="give its version a local part"):
        write_python_index([make_wheel(tmp_path, "torch", "2.6.0")], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@needs_torch
def test_the_public_index_refuses_our_torch() -> None:
    entry = read_entry(TORCH[0])
    assert entry.project == "torch"
    assert Version(str(entry.version)).local
    assert is_refused(entry.metadata)


def test_refuses_what_is_no_wheel(tmp_path: Path) -> None:
    damaged = tmp_path / "thing-1.0-py3-none-any.whl"
    damaged.write_bytes(b"PK")
    empty = tmp_path / "other-1.0-py3-none-any.whl"
    write_zip(empty, {"other.py": b""})
    other = tmp_path / "thing-2.0-py3-none-any.whl"
    write_zip(other, {"thing-2.0.dist-info/METADATA": b"Name: some-thing\nVersion: 1.0\n\n"})
    for path, reason in (
        (damaged, "make it again"),
        (empty, "make it again"),
        (other, r"is some-thing 1\.0 inside"),
        (tmp_path / "thing.whl", "make it again"),
        (tmp_path / "lost-1.0-py3-none-any.whl", "make it again"),
    ):
        with pytest.raises(InputError, match=reason):
            write_python_index([path], tmp_path / "out")
