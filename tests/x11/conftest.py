"""An X server for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from desktops import Desktop, desktop, lacking

from transcriber.x11.connection import Connection
from transcriber.x11.display import open_socket, parse_display


@pytest.fixture(scope="module")
def x_desktop() -> Iterator[Desktop]:
    """Return a session with an X server and nothing else."""
    if reason := lacking("Xvfb", "xclip"):
        pytest.skip(reason)
    with desktop() as session:
        session.start_x_server()
        session.offer("xclip")
        display = parse_display(session.environment["DISPLAY"])
        # The server starts anew when its last client leaves, and refuses others meanwhile.
        with Connection(open_socket(display, 5.0)) as stays:
            stays.greet(b"")
            yield session


@pytest.fixture
def x_server(x_desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    """Let this process find that server."""
    monkeypatch.setenv("DISPLAY", x_desktop.environment["DISPLAY"])
    for name in ("XAUTHORITY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    return x_desktop
