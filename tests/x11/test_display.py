from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest

from transcriber.errors import DesktopError
from transcriber.x11.display import (
    Display,
    authorities,
    find_cookie,
    open_socket,
    parse_display,
)

HERE = socket.gethostname().encode()
LOCAL, INTERNET, WILD = 256, 0, 65535


def entry(family: int, address: bytes, number: bytes, data: bytes, name: bytes = b"") -> bytes:
    fields = (address, number, name or b"MIT-MAGIC-COOKIE-1", data)
    packed = b"".join(struct.pack(">H", len(field)) + field for field in fields)
    return struct.pack(">H", family) + packed


@pytest.mark.parametrize(
    ("name", "host", "number"),
    [
        (":0", "", 0),
        (":12.1", "", 12),
        ("unix:3", "", 3),
        ("unix/this-machine:3", "", 3),
        ("localhost:10.0", "localhost", 10),
        ("tcp/far:1", "far", 1),
        ("[::1]:2", "::1", 2),
    ],
)
def test_a_display_is_a_host_and_a_number(name: str, host: str, number: int) -> None:
    assert parse_display(name) == Display(host=host, number=number)


@pytest.mark.parametrize("name", ["", "0", "host", ":", ":x", "host:-1"])
def test_what_names_no_display_is_told(name: str) -> None:
    with pytest.raises(DesktopError, match=r"DISPLAY names no X server.*:0"):
        parse_display(name)


def test_the_cookie_is_that_of_the_machine_and_the_display(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "authority"
    path.write_bytes(
        entry(LOCAL, b"elsewhere", b"0", b"of another machine")
        + entry(LOCAL, HERE, b"1", b"of another display")
        + entry(LOCAL, HERE, b"0", b"of another kind", b"XDM-AUTHORIZATION-1")
        + entry(INTERNET, b"\x7f\0\0\x01", b"10", b"of ssh")
        + entry(LOCAL, HERE, b"0", b"ours")
        + entry(WILD, b"", b"", b"of any")
    )
    monkeypatch.setenv("XAUTHORITY", str(path))
    assert find_cookie(parse_display(":0")) == b"ours"
    assert find_cookie(parse_display("localhost:10")) == b"of ssh"
    assert find_cookie(parse_display(":7")) == b"of any"


def test_without_a_file_there_is_no_cookie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XAUTHORITY", raising=False)
    assert find_cookie(parse_display(":0")) == b""
    (tmp_path / ".Xauthority").write_bytes(entry(LOCAL, HERE, b"0", b"at home"))
    assert find_cookie(parse_display(":0")) == b"at home"


def test_a_file_that_ends_too_early_gives_what_is_whole() -> None:
    content = entry(WILD, b"", b"", b"whole") + entry(WILD, b"", b"", b"cut")
    for length in range(len(entry(WILD, b"", b"", b"whole")), len(content)):
        assert [data for *_, data in authorities(content[:length])] == [b"whole"]
    assert len(list(authorities(content))) == 2


def test_a_server_without_a_file_is_found_by_its_abstract_name() -> None:
    number = 65000
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0/tmp/.X11-unix/X{number}")
        server.listen()
        open_socket(Display(host="", number=number), 1.0).close()


def test_a_server_of_another_machine_is_found_by_its_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1] - 6000
        open_socket(Display(host="127.0.0.1", number=number), 1.0).close()


def test_no_server_is_an_error_of_the_system() -> None:
    with pytest.raises(OSError, match=r"refused|No such file"):
        open_socket(Display(host="", number=64999), 1.0)
