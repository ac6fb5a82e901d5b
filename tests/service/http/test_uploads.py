"""Forms and files of any size, and disks that have no room for them."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
import socket
import stat
import struct
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from service.http.serving import (
    Served,
    open_files,
    opened,
    read_until,
    resident_bytes,
    serving,
    statuses,
    until,
)
from transcriber.service.http import storing
from transcriber.service.http.errors import HttpError
from transcriber.service.http.limits import MIB, Limits
from transcriber.service.http.parts import label
from transcriber.service.http.request import Body, Headers, Request
from transcriber.service.http.response import Response, json_response
from transcriber.service.http.uploads import Form, receive_form, receive_raw

TYPE = "multipart/form-data; boundary=xyz"
DISPOSITION = "Content-Disposition: form-data; "


def form_body(*parts: tuple[str, bytes]) -> bytes:
    """Return a form of parts, each of the parameters of its disposition and its content."""
    shown = b"".join(
        f"--xyz\r\n{DISPOSITION}{parameters}\r\n\r\n".encode() + content + b"\r\n"
        for parameters, content in parts
    )
    return shown + b"--xyz--\r\n"


def request_of(
    content: bytes, kind: str = TYPE, length: int | None = None, piece: int = 100
) -> Request:
    """Return a request whose body comes in small pieces."""
    pieces = iter(content[start : start + piece] for start in range(0, len(content), piece))
    body = Body(lambda: next(pieces, b""), length)
    return Request("POST", "/", headers=Headers([("Content-Type", kind)]), body=body)


def plenty(_: Path) -> int:
    return 1 << 40


def received(content: bytes, folder: Path, **options: object) -> Form:
    request = request_of(content)
    return receive_form(request, folder, free=plenty, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
def test_takes_a_form_apart_however_it_is_cut(tmp_path: Path, piece: int) -> None:
    sound = b"\r\n--xy\r\n--xyz-" * 20
    content = form_body(
        ('name="model"', b"base"),
        ('name="file"; filename="a.wav"', sound),
        ('name="list"', b"1"),
        ('name="list"', "ä".encode()),
        ('name="file"; filename="b.wav"', b""),
        ('name="empty"', b""),
    )
    with receive_form(request_of(content, piece=piece), tmp_path, free=plenty) as form:
        assert form.fields == {"model": ("base",), "list": ("1", "ä"), "empty": ("",)}
        assert [(file.label, file.size) for file in form.files] == [
            ("a.wav", len(sound)),
            ("b.wav", 0),
        ]
        for file, stored in zip(form.files, (sound, b""), strict=True):
            assert file.path.parent == tmp_path
            assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
            assert file.label not in file.name
            assert file.path.read_bytes() == stored
    assert list(tmp_path.iterdir()) == []


def test_what_is_taken_stays(tmp_path: Path) -> None:
    content = form_body(('name="file"', b"one"), ('name="sound"; filename=b', b"two"))
    with received(content, tmp_path, file_fields=("file", "sound")) as form:
        second = form.take(form.files[1].name)
        with pytest.raises(KeyError):
            form.take(form.files[1].name)
    assert list(tmp_path.iterdir()) == [second]
    assert second.read_bytes() == b"two"


def test_keeps_what_the_client_says_of_a_file(tmp_path: Path) -> None:
    head = f'--xyz\r\n{DISPOSITION}name="file"; filename="x"\r\ncontent-type: audio/mpeg\r\n\r\n'
    with received(head.encode() + b"abc\r\n--xyz--", tmp_path) as form:
        assert (form.files[0].field, form.files[0].media_type) == ("file", "audio/mpeg")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"a.wav", "a.wav"),
        ("Größe 1.wav".encode(), "Größe 1.wav"),
        (b"../../etc/passwd", "passwd"),
        (b"C:\\Users\\me\\a.wav", "a.wav"),
        (b"a\r\nb\x1b[31m\tc", "a b [31m c"),
        ("a\u202egnp.exe".encode(), "a gnp.exe"),
        (b"\xff.wav", "\ufffd.wav"),
        (b"folder/", ""),
        (b"x" * 500, "x" * 200),
    ],
)
def test_a_name_is_a_label_on_one_line(name: bytes, shown: str) -> None:
    assert label(name) == shown


@pytest.mark.parametrize(
    ("parameters", "shown"),
    [
        ('name="file"; filename="a;b\\".wav"', 'a;b".wav'),
        ("name=file; filename=a.wav", "a.wav"),
        ('name="file"; filename="a.wav"; filename*=UTF-8\'\'b.wav', "a.wav"),
        ('name="file"', ""),
    ],
)
def test_reads_the_forms_of_names(tmp_path: Path, parameters: str, shown: str) -> None:
    with received(form_body((parameters, b"")), tmp_path) as form:
        assert form.files[0].label == shown


FILE = ('name="file"; filename="a"', b"abc")


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (form_body(FILE), "application/json", 415),
        (form_body(FILE), "", 415),
        (form_body(FILE), "multipart/form-data", 400),
        (form_body(FILE), "multipart/form-data; boundary=" + "x" * 300, 400),
        (form_body(FILE), "multipart/form-data; boundary=other", 400),
        (b"", TYPE, 400),
        (form_body(FILE)[:-4], TYPE, 400),
        (form_body(FILE)[:-20], TYPE, 400),
        (b"--xyz\r\n\r\nabc\r\n--xyz--", TYPE, 400),
        (b"--xyz\r\nbad header\r\n\r\nabc\r\n--xyz--", TYPE, 400),
        (b"--xyz\r\n" + b"A: b\r\n" * 50 + b"\r\nabc\r\n--xyz--", TYPE, 400),
        (b"--xyz\r\nA: " + b"b" * 10_000 + b"\r\n\r\nabc\r\n--xyz--", TYPE, 400),
        (form_body(('filename="a"', b"")), TYPE, 400),
        (form_body(FILE, ('name="other"; filename="a"', b"")), TYPE, 400),
        (form_body(FILE) + b"x" * 100_000, TYPE, 400),
        (form_body(FILE, *[('name="a"', b"")] * 201), TYPE, 413),
        (form_body(FILE, *[('name="a"', b"x" * 600_000)] * 2), TYPE, 413),
        (form_body(*[FILE] * 1001), TYPE, 413),
    ],
)
def test_a_form_that_is_wrong_leaves_nothing(
    tmp_path: Path,
    content: bytes,
    kind: str,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = open_files()
    with pytest.raises(HttpError) as raised:
        receive_form(request_of(content, kind, piece=10_000), tmp_path, free=plenty)
    assert raised.value.status == status
    assert list(tmp_path.iterdir()) == []
    assert open_files() == before
    # The parser has a logger of its own.
    assert caplog.records == []


def test_one_file_is_open_at_a_time(tmp_path: Path) -> None:
    before, most = open_files(), 0
    content = form_body(*[FILE] * 50)
    pieces = iter(content[start : start + 10] for start in range(0, len(content), 10))

    def piece() -> bytes:
        nonlocal most
        most = max(most, open_files())
        return next(pieces, b"")

    request = dataclasses.replace(request_of(b""), body=Body(piece, None))
    with receive_form(request, tmp_path, free=plenty):
        assert most == before + 1


def test_a_disk_without_room_is_told_before_anything_is_read(tmp_path: Path) -> None:
    def unread() -> bytes:
        raise AssertionError

    request = dataclasses.replace(request_of(b""), body=Body(unread, 700))
    with pytest.raises(HttpError) as raised:
        receive_form(request, tmp_path, keep_free=500, free=lambda _: 1000)
    assert raised.value.status == 507
    assert raised.value.message == "the disk of the server lacks 200 bytes for this upload"
    assert raised.value.code == "insufficient_storage"
    with pytest.raises(HttpError):
        receive_raw(request, tmp_path / "a", keep_free=500, free=lambda _: 1000)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_is_seen_on_the_way(tmp_path: Path) -> None:
    def free(folder: Path) -> int:
        return 20 * MIB - sum(path.stat().st_size for path in folder.iterdir())

    content = form_body(FILE, ('name="file"', bytes(64 * MIB)))
    for receive in (
        lambda request: receive_form(request, tmp_path, keep_free=5 * MIB, free=free),
        lambda request: receive_raw(request, tmp_path / "a", keep_free=5 * MIB, free=free),
    ):
        with pytest.raises(HttpError) as raised:
            receive(request_of(content, piece=MIB))
        assert raised.value.status == 507
        assert list(tmp_path.iterdir()) == []


def test_all_clients_at_once_do_not_fill_the_disk_between_two_looks() -> None:
    assert Limits().connections * storing._LOOK_AGAIN <= 2 * storing.KEEP_FREE


@pytest.mark.parametrize(("number", "status"), [(errno.ENOSPC, 507), (errno.EIO, 500)])
def test_a_write_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    class Failing:
        def __init__(self, stream: object) -> None:
            self.stream = stream

        def write(self, _: bytes) -> int:
            raise OSError(number, "it failed")

        def close(self) -> None:
            self.stream.close()  # type: ignore[attr-defined]

    fdopen = os.fdopen
    monkeypatch.setattr(
        "transcriber.service.http.storing.os.fdopen",
        lambda *given, **named: Failing(fdopen(*given, **named)),
    )
    with pytest.raises(HttpError) as raised:
        received(form_body(FILE), tmp_path)
    assert raised.value.status == status
    assert list(tmp_path.iterdir()) == []


def test_a_plain_body_becomes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert receive_raw(request_of(b"abc" * 100), path, free=plenty) == 300
    assert path.read_bytes() == b"abc" * 100
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # It replaces nothing, and follows no link.
    (tmp_path / "link").symlink_to(tmp_path / "other")
    for name in ("a", "link"):
        with pytest.raises(HttpError) as raised:
            receive_raw(request_of(b"x"), tmp_path / name, free=plenty)
        assert raised.value.status == 500
    assert path.read_bytes() == b"abc" * 100
    assert not (tmp_path / "other").exists()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    def form(request: Request) -> Response:
        with receive_form(request, folder, keep_free=0) as received_form:
            files = [(file.label, file.size) for file in received_form.files]
            return json_response([files, {**received_form.fields}])

    def raw(request: Request) -> Response:
        path = folder / os.urandom(8).hex()
        size = receive_raw(request, path, keep_free=0)
        path.unlink()
        return json_response(size)

    def full(request: Request) -> Response:
        return json_response(receive_raw(request, folder / "full", free=lambda _: 0))

    routes = [
        *opened(form, "POST", "/form"),
        *opened(raw, "POST", "/raw"),
        *opened(full, "POST", "/full"),
    ]
    with serving(routes, limits=Limits(body_seconds=0.5)) as running:
        yield running


@pytest.mark.parametrize("path", ["/form", "/raw"])
@pytest.mark.parametrize("silent", [False, True])
def test_a_body_that_lies_about_its_length_leaves_nothing(
    served: Served, folder: Path, path: str, silent: bool
) -> None:
    content = form_body(FILE)
    length = f"Content-Length: {len(content) + 10}"
    head = served.head("POST", path, length, f"Content-Type: {TYPE}")
    answer = served.raw(head + content, half_close=not silent)
    assert statuses(answer) == [408 if silent else 400]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_leaves_leaves_nothing(served: Served, folder: Path, reset: bool) -> None:
    before = len(served.lines)
    with served.connect() as client:
        client.sendall(served.head("POST", "/raw", "Content-Length: 1000") + b"abc")
        assert until(lambda: bool(list(folder.iterdir())))
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert until(lambda: len(served.lines) == before + 1)
    assert " POST /raw 400 " in served.lines[-1]
    assert list(folder.iterdir()) == []


def test_a_full_disk_is_told_before_the_upload(served: Served) -> None:
    with served.connect() as client:
        head = ("Content-Length: 9999999999", "Expect: 100-continue")
        client.sendall(served.head("POST", "/full", *head))
        assert statuses(read_until(client, b"insufficient_storage")) == [507]


@pytest.mark.parametrize("path", ["/form", "/raw"])
def test_a_large_upload_takes_no_memory(served: Served, folder: Path, path: str) -> None:
    blocks, block = 200, bytes(range(256)) * 4096
    head, tail = form_body(('name="file"; filename="a"', b"?")).split(b"?")
    length = len(head) + blocks * len(block) + len(tail)
    with served.connect() as client:
        named = (f"Content-Length: {length}", f"Content-Type: {TYPE}", "Connection: close")
        client.sendall(served.head("POST", path, *named) + head)
        before = most = resident_bytes()
        for _ in range(blocks):
            client.sendall(block)
            most = max(most, resident_bytes())
        client.sendall(tail)
        content = read_until(client, b"\r\n\r\n") + client.recv(1000)
    size = blocks * len(block)
    wanted = [[["a", size]], {}] if path == "/form" else length
    assert json.loads(content.partition(b"\r\n\r\n")[2]) == wanted
    assert most - before < 16 * MIB
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
@pytest.mark.parametrize(
    "headers", [(), ("Expect: 100-continue",), ("Transfer-Encoding: chunked",)]
)
def test_curl_sends_a_form(served: Served, tmp_path: Path, headers: Sequence[str]) -> None:
    path = tmp_path / 'a "b" ä.wav'
    path.write_bytes(b"x" * 100_000)
    escaped = str(path).replace('"', '\\"')
    done = subprocess.run(
        [
            *("curl", "--silent", "--fail", "--max-time", "10"),
            *(word for header in headers for word in ("-H", header)),
            *("-F", "model=whisper-1", "-F", f'file=@"{escaped}"'),
            f"http://{served.host}/form",
        ],
        capture_output=True,
        check=True,
    )
    files, fields = json.loads(done.stdout)
    assert fields == {"model": ["whisper-1"]}
    assert files in ([['a "b" ä.wav', 100_000]], [["a %22b%22 ä.wav", 100_000]])
