"""Where the service is, and at which port it was last."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from transcriber.service.address_file import keep_port, kept_port
from transcriber.service.application import ServiceSettings, _port_listener
from transcriber.service.http.listeners import open_listener


def test_a_port_is_kept(tmp_path: Path) -> None:
    assert kept_port(tmp_path) == 0
    keep_port(tmp_path, 4711)
    assert kept_port(tmp_path) == 4711


@pytest.mark.parametrize("content", ["", "x", "-1", "65536", "\udc80"])
def test_what_is_no_port_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "port").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert kept_port(tmp_path) == 0


def test_the_next_start_takes_the_port_of_the_last_one_if_it_is_free(tmp_path: Path) -> None:
    settings = ServiceSettings(host="127.0.0.1", port=0, keep_alive=1, data=tmp_path)
    with contextlib.closing(open_listener("127.0.0.1", 0)) as last:
        port = last.getsockname()[1]
        keep_port(tmp_path, port)
        with contextlib.closing(_port_listener(settings)) as other:
            assert other.getsockname()[1] != port
    with contextlib.closing(_port_listener(settings)) as again:
        assert again.getsockname()[1] == port
