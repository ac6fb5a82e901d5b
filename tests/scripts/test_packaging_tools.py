"""The environment of what checks wheels."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.errors import SourceError
from buildkit.places import CHECKOUT
from scripts import packaging_tools
from scripts.stale_python import pins_in


def test_fills_its_environment_from_its_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[Path, Path]] = []
    monkeypatch.setattr(
        packaging_tools, "provide_beside", lambda folder, pins, _: made.append((folder, pins))
    )
    packaging_tools.provide_packaging_tools()
    assert made == [(packaging_tools.MADE.parent, CHECKOUT / "requirements/packaging.txt")]


def test_without_them_the_set_up_goes_on_and_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise SourceError("pip reaches nothing")

    monkeypatch.setattr(packaging_tools, "provide_beside", fail)
    packaging_tools.provide_packaging_tools()
    assert "tests of wheels, which are skipped: pip reaches nothing" in capsys.readouterr().err


def test_every_tool_is_pinned_once() -> None:
    pins = pins_in(packaging_tools.REQUIREMENTS)
    assert {"twine", "check-wheel-contents", "auditwheel", "uv"} <= {pin.name for pin in pins}
    assert packaging_tools.REQUIREMENTS.read_text().count("--hash=sha256:") == len(pins)
    # One version of a package: what the tests import is what the tools do.
    own = {pin.name: pin.version for pin in pins_in(CHECKOUT / "requirements" / "tools.txt")}
    assert not [pin for pin in pins if own.get(pin.name, pin.version) != pin.version]
