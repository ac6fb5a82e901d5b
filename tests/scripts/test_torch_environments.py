"""When PyTorch is installed, ours and stock's, and when it is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.commands import Command
from buildkit.errors import SourceError, ToolError
from scripts import environment, torch_environments


class Checkout:
    """A checkout in which programs are recorded and not started."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.started: list[str] = []
        self.failing = ""
        (folder / "stock.txt").write_text("torch==1")
        for name in (".venv", "dist"):
            (folder / name).mkdir()
        self.wheel = folder / "dist" / "torch-1.whl"
        self.wheel.write_text("one")
        paths = {
            "STOCK_REQUIREMENTS": "stock.txt",
            "STRIPPED_STAMP": ".venv/torch.json",
            "STOCK_STAMP": ".cache/stock/set-up.json",
            "DISTRIBUTION": "dist",
            "ENVIRONMENT": ".venv",
            "STOCK": ".cache/stock",
            "STOCK_PYTHON": ".cache/stock/python",
        }
        for constant, name in paths.items():
            monkeypatch.setattr(torch_environments, constant, folder / name)
        # A set-up of the real checkout may hold the real lock for long.
        monkeypatch.setattr(environment, "CACHE", folder / ".cache")
        monkeypatch.setattr(torch_environments, "provide_environment", lambda: None)
        for module in (environment, torch_environments):
            monkeypatch.setattr(module, "run", self._run)
            monkeypatch.setattr(module, "run_quietly", lambda c: (self._run(c), ""))

    def _run(self, command: Command, limit: float = 0) -> int:
        words = [str(word) for word in command]
        for name in ("torch_build", "venv", "--find-links", "stock.txt", "torch-1.whl"):
            if any(word.endswith(name) for word in words):
                self.started.append(name)
                if name == "venv":
                    packages = self.folder / ".cache/stock/lib/python3.11/site-packages"
                    packages.mkdir(parents=True)
                    (self.folder / ".cache/stock/python").touch()
                return int(name == self.failing)
        raise AssertionError(words)

    def stripped(self) -> list[str]:
        self.started.clear()
        assert torch_environments.provide_stripped_torch() == self.wheel
        return list(self.started)

    def stock(self) -> list[str]:
        self.started.clear()
        torch_environments.provide_stock_torch("https://example.invalid/")
        return list(self.started)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    return Checkout(tmp_path, monkeypatch)


def test_our_wheel_is_installed_when_it_is_another(checkout: Checkout) -> None:
    assert checkout.stripped() == ["torch_build", "torch-1.whl"]
    assert checkout.stripped() == ["torch_build"]
    checkout.wheel.write_text("two")
    assert checkout.stripped() == ["torch_build", "torch-1.whl"]


def test_a_wheel_that_could_not_be_installed_is_tried_again(checkout: Checkout) -> None:
    checkout.failing = "torch-1.whl"
    with pytest.raises(SourceError):
        checkout.stripped()
    checkout.failing = ""
    assert checkout.stripped() == ["torch_build", "torch-1.whl"]


def test_a_failed_build_is_an_error(checkout: Checkout) -> None:
    checkout.failing = "torch_build"
    with pytest.raises(ToolError, match="PyTorch could not be built"):
        checkout.stripped()
    checkout.failing = ""
    checkout.wheel.unlink()
    with pytest.raises(ToolError, match="PyTorch could not be built"):
        checkout.stripped()


def test_stock_is_installed_once_and_takes_the_rest_from_the_environment(
    checkout: Checkout,
) -> None:
    assert checkout.stock() == ["venv", "stock.txt"]
    assert checkout.stock() == []
    link = checkout.folder / ".cache/stock/lib/python3.11/site-packages/program.pth"
    assert str(checkout.folder / ".venv/lib/python3.11/site-packages") in link.read_text()
    (checkout.folder / "stock.txt").write_text("torch==2")
    assert checkout.stock() == ["venv", "stock.txt"]


def test_where_pip_has_no_stock_wheel_the_page_is_asked(checkout: Checkout) -> None:
    checkout.failing = "stock.txt"
    assert checkout.stock() == ["venv", "stock.txt", "--find-links"]


def test_where_the_page_has_no_wheel_either_both_are_named(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_environments, "run_quietly", lambda c: (int("-r" in c), ""))
    monkeypatch.setattr(torch_environments, "run", lambda _: 1)
    with pytest.raises(SourceError, match=r"neither where pip looks nor at https://example"):
        checkout.stock()
