"""What the module was linked of outlives the checkout, of the last one that was measured."""

from __future__ import annotations

from pathlib import Path

from benchmarks.sizes.kept_link import LINKED_MAP, Link, find_link
from torch_build.link import MODULE


def link(checkout: Path, library: bytes) -> Link:
    folder = checkout / "build/torch/linked"
    folder.mkdir(parents=True)
    (folder / MODULE).write_bytes(library)
    (folder / LINKED_MAP).write_bytes(b"map of " + library)
    return Link(folder=folder, checkout=checkout)


def test_another_checkout_finds_what_one_has_linked(tmp_path: Path) -> None:
    kept, other = tmp_path / "cache" / "link", tmp_path / "other"
    nothing = Link(folder=other / "build/torch/linked", checkout=other)
    assert find_link(b"one", other, kept) == nothing
    linked = link(tmp_path / "linked", b"one")
    for _ in range(2):
        assert find_link(b"one", linked.checkout, kept) == linked
    found = find_link(b"one", other, kept)
    # The map has the paths of the other checkout.
    assert found.checkout == linked.checkout
    assert found.folder.is_relative_to(kept)
    assert (found.folder / MODULE).read_bytes() == b"one"
    assert (found.folder / LINKED_MAP).read_bytes() == b"map of one"
    # That of another wheel is no answer.
    assert find_link(b"two", other, kept) == nothing


def test_only_the_last_one_is_kept(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for library in (b"one", b"two"):
        find_link(library, link(tmp_path / library.decode(), library).checkout, kept)
    assert find_link(b"one", tmp_path, kept).checkout == tmp_path
    assert len(list(kept.iterdir())) == 1
