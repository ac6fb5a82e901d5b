"""When node and the browsers are got, and what goes on without them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from buildkit.errors import SourceError
from scripts import browsers, environment


class Machine:
    """A checkout in which getting browsers is recorded and not done."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.steps: list[str] = []
        self.fail = ""
        self.packages = folder / "package-lock.json"
        self.packages.write_text("{}")
        monkeypatch.setattr(environment, "CACHE", folder)
        monkeypatch.setattr(browsers, "provide_environment", lambda: None)
        monkeypatch.setattr(browsers, "BROWSERS", folder / "browsers")
        monkeypatch.setattr(browsers, "FIREFOX", folder / "firefox")
        monkeypatch.setattr(browsers, "PACKAGES", (self.packages,))
        monkeypatch.setattr(browsers, "run", lambda _: self._step("node"))
        monkeypatch.setattr(browsers, "run_quietly", self._run)
        monkeypatch.setattr(browsers, "unpack_packages", self._unpack)

    def _step(self, name: str) -> int:
        self.steps.append(name)
        return int(name == self.fail)

    def _run(
        self,
        command: Sequence[str | Path],
        *,
        environment: dict[str, str] | None = None,
        **_: object,
    ) -> tuple[int, str]:
        name = environment["PAGE_BROWSER"] if environment else "npm"
        assert ("ci" in command) == (name == "npm")
        return self._step(name), "Error: a reason\n    at a place" if name == self.fail else "1.0"

    def _unpack(self, packages: Sequence[str], folder: Path) -> None:
        if self._step(*packages):
            raise SourceError("apt cannot download it")
        folder.mkdir(exist_ok=True)

    def provide(self) -> list[str]:
        self.steps.clear()
        browsers.provide_browsers()
        return list(self.steps)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_the_second_time_nothing_is_got(machine: Machine) -> None:
    assert machine.provide() == ["node", "npm", "chromium", "firefox-esr", "firefox"]
    assert machine.provide() == []


def test_a_changed_pin_gets_chromium_anew(machine: Machine) -> None:
    machine.provide()
    (machine.folder / "browsers" / "old").touch()
    machine.packages.write_text('{"changed": 1}')
    assert machine.provide() == ["node", "npm", "chromium"]
    assert not (machine.folder / "browsers" / "old").exists()


@pytest.mark.parametrize("step", ["node", "npm", "chromium"])
def test_without_chromium_the_set_up_goes_on_and_says_why(
    machine: Machine, step: str, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.fail = step
    machine.provide()
    assert "no node and Chromium for the tests of the page" in capfd.readouterr().err
    assert "firefox" not in machine.steps
    machine.fail = ""
    assert machine.provide()[0] == "node"


@pytest.mark.parametrize("step", ["firefox-esr", "firefox"])
def test_without_firefox_chromium_stays(
    machine: Machine, step: str, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.fail = step
    machine.provide()
    assert "no Firefox for the tests of the page" in capfd.readouterr().err
    assert machine.provide()[0] == "firefox-esr"


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (
            "node:internal\n  throw e;\n\nError: no such library\n    at one\n",
            "Error: no such library",
        ),
        (
            "npm error code E404\nnpm error FetchError: nothing there\nnpm error A complete log",
            "FetchError: nothing there",
        ),
        ("something else\n", "something else"),
    ],
)
def test_what_fails_says_its_reason(output: str, reason: str) -> None:
    assert browsers._reason(output) == reason


def test_every_package_of_npm_is_pinned_and_no_address_is_named() -> None:
    wanted, locked = (json.loads(path.read_text()) for path in browsers.PACKAGES)
    assert all(re.fullmatch(r"[\d.]+", one) for one in wanted["devDependencies"].values())
    own, *packages = locked["packages"].values()
    assert own["devDependencies"] == wanted["devDependencies"]
    for package in packages:
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package
