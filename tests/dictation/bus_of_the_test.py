"""A message bus for a test, on which the program's own calls go out, too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from desktops import Desktop, desktop, lacking
from jeepney.io.blocking import open_dbus_connection

needs_bus = pytest.mark.skipif(bool(lacking("dbus-daemon")), reason=lacking("dbus-daemon"))


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Give the address of a bus that ends with the test."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with desktop() as session:
        address = answering_bus(session)
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address


def answering_bus(session: Desktop) -> str:
    """Start a bus; return its address once somebody is at home there."""
    address = session.start_bus()
    end = time.monotonic() + 10
    while True:
        try:
            # Its socket has a name a moment before it listens.
            open_dbus_connection(address).close()
            return address
        except ConnectionRefusedError:
            assert time.monotonic() < end
            time.sleep(0.01)
