"""Fetching a release over real HTTP."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import pytest
from signatures.signer import Signer

from transcriber.errors import NetworkError, SignatureError
from transcriber.signatures.minisign import PublicKey, read_key
from transcriber.updating import fetching
from transcriber.updating.fetching import Release, fetch, fetch_changed, read_release
from updating.release_server import NAME, ReleaseServer, noise, publish

OLD = noise(600_000)
NEW = OLD[:200_000] + noise(3000, seed=2) + OLD[210_000:]


def keys() -> list[PublicKey]:
    key = read_key(Signer().key)
    assert key
    return [key]


@pytest.fixture
def release(server: ReleaseServer) -> Release:
    publish(server.folder, NEW)
    return read_release(server.address, keys())


def updated(release: Release, old: bytes = OLD) -> tuple[bytes, int]:
    return fetch_changed(release, NAME, old)


def test_what_changed_is_fetched_and_no_more(release: Release, server: ReleaseServer) -> None:
    content, told = updated(release)
    assert content == NEW
    assert 3000 <= server.sent[NAME] < 10_000
    assert told == server.sent[NAME] + server.sent[f"{NAME}.zsync"]


@pytest.mark.parametrize("old", [b"", OLD[::-1], NEW, NEW + OLD, NEW[1:], NEW * 3, bytes(99)])
def test_the_file_is_right_whatever_is_there(release: Release, old: bytes) -> None:
    assert updated(release, old)[0] == NEW


@pytest.mark.parametrize(
    ("ranges", "requests"), [("no", 1), ("wrong", 2), ("refused", 2), ("yes", 1)]
)
def test_what_knows_no_ranges_sends_all(
    release: Release, server: ReleaseServer, ranges: str, requests: int
) -> None:
    server.ranges = ranges
    assert updated(release)[0] == NEW
    assert [name for name, _ in server.asked].count(NAME) == requests


@pytest.mark.parametrize("old", [b"", OLD[:300_000]])
def test_a_connection_that_ends_early_is_asked_for_the_rest(
    release: Release, server: ReleaseServer, old: bytes
) -> None:
    server.cut = 3
    assert updated(release, old)[0] == NEW
    parts = [part for name, part in server.asked if name == NAME]
    begins = [int(part.removeprefix("bytes=").partition("-")[0]) for part in parts[1:] if part]
    # From where it stopped.
    assert any(after - before == 5000 for before, after in itertools.pairwise(begins))


def test_all_that_came_instead_of_a_part_is_gone_on_with(
    release: Release, server: ReleaseServer
) -> None:
    server.ranges, server.cut = "first no", 1
    assert updated(release, OLD[:300_000])[0] == NEW
    parts = [part for name, part in server.asked if name == NAME]
    assert parts[1:] == [f"bytes=5000-{len(NEW) - 1}"]


def test_one_that_always_ends_early_is_given_up(release: Release, server: ReleaseServer) -> None:
    server.cut = 100
    with pytest.raises(NetworkError, match="the connection ended early: check the network"):
        updated(release, b"")


def test_a_block_that_was_mistaken_costs_the_whole(
    release: Release, server: ReleaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "find_blocks", lambda control, _: [0] * len(control.strong))
    assert updated(release)[0] == NEW
    assert server.sent[NAME] == len(NEW)


@pytest.mark.parametrize("name", [NAME, f"{NAME}.zsync"])
def test_what_is_not_what_was_signed_is_refused(
    release: Release, server: ReleaseServer, name: str
) -> None:
    path = server.folder / name
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(SignatureError, match=rf"/{name} is not what was signed: .*--from"):
        updated(release, b"")


def test_a_signed_file_that_is_no_zsync_file(server: ReleaseServer) -> None:
    publish(server.folder, NEW)
    (server.folder / f"{NAME}.zsync").write_bytes(b"none")
    digest = hashlib.sha256(b"none").hexdigest()
    release = Release(address=server.address, digests={f"{NAME}.zsync": digest}, comment="")
    with pytest.raises(SignatureError, match="is no zsync file"):
        updated(release)


def test_a_list_of_somebody_else(server: ReleaseServer) -> None:
    publish(server.folder, NEW)
    Signer(seed=b"\x02" * 32).sign(server.folder / "SHA256SUMS", "whisper-transcriber 9.0.0")
    with pytest.raises(SignatureError, match=r"http.*SHA256SUMS is not what was signed"):
        read_release(server.address, keys())
    Signer(number=b"12345678").sign(server.folder / "SHA256SUMS")
    with pytest.raises(SignatureError, match="is a signature by the key"):
        read_release(server.address, keys())
    (server.folder / "SHA256SUMS.minisig").write_text("<html>log in</html>")
    with pytest.raises(SignatureError, match="no signature of minisign"):
        read_release(server.address, keys())
    (server.folder / "SHA256SUMS.minisig").unlink()
    with pytest.raises(NetworkError, match="it answers 404"):
        read_release(server.address, keys())


def test_a_list_that_is_none_or_endless(server: ReleaseServer) -> None:
    publish(server.folder, NEW)
    sums = server.folder / "SHA256SUMS"
    sums.write_text("no list\n")
    Signer().sign(sums)
    with pytest.raises(SignatureError, match="line 1 is no digest"):
        read_release(server.address, keys())
    sums.write_bytes(bytes(2_000_000))
    with pytest.raises(NetworkError, match="it has more than 1048576 bytes"):
        read_release(server.address, keys())


def test_nobody_answers(server: ReleaseServer) -> None:
    with pytest.raises(NetworkError, match=r"cannot fetch http://127.0.0.1:9/a: .*--from"):
        fetch("http://127.0.0.1:9/a", 10)


def test_a_folder_is_read(tmp_path: Path) -> None:
    publish(tmp_path / "a folder", NEW)
    release = read_release((tmp_path / "a folder").as_uri(), keys())
    assert updated(release)[0] == NEW
    with pytest.raises(NetworkError, match="No such file"):
        read_release((tmp_path / "missing").as_uri(), keys())


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("0.1.0", "0.2.0"),
        ("0.9.0", "0.10.0"),
        ("1.2.3", "2.0.0"),
        ("1.0.0-rc.1", "1.0.0"),
        ("1.0.0-rc.2", "1.0.0-rc.10"),
        ("1.0.0-alpha.2", "1.0.0-beta.1"),
        ("1.0.0", "1.0.1-rc.1"),
    ],
)
def test_versions_have_an_order(older: str, newer: str) -> None:
    def comment(version: str) -> str:
        return f"whisper-transcriber {version}"

    for version, than, is_older in (
        (older, newer, True),
        (newer, older, False),
        (newer, newer, False),
    ):
        release = Release(address="", digests={}, comment=comment(version))
        assert release.is_older(comment(than)) == is_older


def test_a_release_that_does_not_say_its_version_may_be_old() -> None:
    for comment in ("", "timestamp:1", "another-program 9.0.0"):
        release = Release(address="", digests={}, comment=comment)
        assert release.is_older("whisper-transcriber 0.1.0")
