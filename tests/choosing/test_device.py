from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from transcriber.choosing.device import Device, check_requested, choose_device
from transcriber.cuda import search
from transcriber.cuda.search import Search
from transcriber.errors import UsageError

WORKS = {"status": "works", "reason": "fine", "name": "H100"}
VERSION = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {}  Thu Oct 26 15:16:01 PDT 2017\n"


class Machine:
    """A machine whose probe answers what a test wants, and counts how often it is asked."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.cache = folder / "cache" / "device.json"
        self.environment: dict[str, str] = {}
        self._calls = folder / "calls"
        self._calls.touch()
        self._script = folder / "probe.py"
        self.write("proc/cpuinfo", "model name\t: Test CPU\n")
        self.write("proc/sys/kernel/random/boot_id", "first\n")
        self.answers(json.dumps(WORKS))

    def write(self, path: str, text: str = "") -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def install_driver(self, version: str = "555.58") -> None:
        self.write("proc/driver/nvidia/version", VERSION.format(version))

    def answers(self, text: str, then: str = "") -> None:
        self._script.write_text(
            f"import os, signal, sys, time\nopen({str(self._calls)!r}, 'a').write(sys.argv[1])\n"
            f"print({text!r}, flush=True)\n{then}\n"
        )

    def choose(self, requested: str = "auto", *, fresh: bool = False) -> Device:
        device = choose_device(
            requested,
            fresh=fresh,
            root=self.root,
            environment=self.environment,
            command=[sys.executable, str(self._script)],
            cache=self.cache,
        )
        assert "\n" not in device.reason
        return device

    @property
    def probes(self) -> str:
        """The numbers of the GPUs that were probed so far."""
        return self._calls.read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_processor_when_asked_for(machine: Machine) -> None:
    machine.install_driver()
    device = machine.choose("cpu")
    assert device == Device(kind="cpu", index=None, name="Test CPU", reason="asked for")
    assert device.torch_name == "cpu"
    assert machine.probes == ""


def test_auto_without_a_driver_starts_no_child(machine: Machine) -> None:
    device = machine.choose()
    assert device.kind == "cpu"
    assert "no NVIDIA driver" in device.reason
    assert not device.fallback
    assert machine.probes == ""


@pytest.mark.parametrize(
    "path",
    [
        "proc/driver/nvidia/version",
        "sys/module/nvidia/version",
        "dev/nvidia0",
        "dev/dxg",
        "usr/lib64/libcuda.so.1",
    ],
)
def test_any_sign_of_a_driver_starts_the_probe(machine: Machine, path: str) -> None:
    machine.write(path, "x")
    device = machine.choose()
    assert device == Device(kind="cuda", index=0, name="H100", reason="fine")
    assert device.torch_name == "cuda:0"
    assert machine.probes == "0"


def test_cuda_is_tried_without_a_sign_of_a_driver(machine: Machine) -> None:
    assert machine.choose("cuda").torch_name == "cuda:0"
    assert machine.choose("cuda:3").torch_name == "cuda:3"
    assert machine.probes == "03"


@pytest.mark.parametrize(
    "requested", ["", "gpu", "CUDA", "cuda:", "cuda:x", "cuda:-1", "cuda:1:2", "cpu:0", "cuda:٣"]
)
def test_unknown_device(machine: Machine, requested: str) -> None:
    with pytest.raises(UsageError, match="cuda:N"):
        machine.choose(requested)
    with pytest.raises(UsageError):
        check_requested(requested)


@pytest.mark.parametrize(
    ("text", "then", "why"),
    [
        ("", "os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("", "time.sleep(600)", "2 s"),
        ("x" * 100_000, "", "no readable answer"),
        ("{]", "", "no readable answer"),
        ('{"status": "wrong", "reason": "its product is off by 0.5"}', "", "off by 0.5"),
        ('{"status": "absent", "reason": "built without CUDA"}', "", "without CUDA"),
        ('{"status": "failed", "reason": "out of memory"}', "", "out of memory"),
    ],
)
@pytest.mark.parametrize("requested", ["auto", "cuda"])
def test_processor_when_the_gpu_does_not_work(
    machine: Machine, requested: str, text: str, then: str, why: str
) -> None:
    machine.install_driver()
    machine.environment["TRANSCRIBER_PROBE_TIMEOUT"] = "2"
    machine.answers(text, then)
    device = machine.choose(requested)
    assert device.kind == "cpu"
    assert device.name == "Test CPU"
    assert device.fallback
    assert device.reason.startswith("cuda:0 is not usable: ")
    assert why in device.reason


def test_result_is_remembered(machine: Machine) -> None:
    machine.install_driver()
    first = machine.choose()
    assert machine.choose() == first
    assert machine.choose("cuda:0") == first
    assert machine.probes == "0"


def test_remembered_failure_says_how_to_try_again(machine: Machine) -> None:
    machine.install_driver()
    machine.answers("", "os.kill(os.getpid(), signal.SIGSEGV)")
    assert "remembered" not in machine.choose().reason
    again = machine.choose()
    assert "SIGSEGV" in again.reason
    assert "doctor --device cuda:0" in again.reason
    assert again.fallback
    assert machine.probes == "0"


def test_fresh_probe_replaces_what_was_remembered(machine: Machine) -> None:
    machine.install_driver()
    machine.answers("", "sys.exit(1)")
    assert machine.choose().kind == "cpu"
    machine.answers(json.dumps(WORKS))
    assert machine.choose().kind == "cpu"
    assert machine.choose(fresh=True).kind == "cuda"
    assert machine.choose().kind == "cuda"
    assert machine.probes == "00"


def new_driver(machine: Machine) -> None:
    machine.install_driver("560.10")


def new_library(machine: Machine) -> None:
    machine.write("usr/lib64/libcuda.so.1", "another")


def new_gpu(machine: Machine) -> None:
    machine.write("dev/nvidia0")


def other_visible_gpus(machine: Machine) -> None:
    machine.environment["CUDA_VISIBLE_DEVICES"] = "1"


@pytest.mark.parametrize("change", [new_driver, new_library, new_gpu, other_visible_gpus])
def test_change_is_probed_again(machine: Machine, change: Callable[[Machine], None]) -> None:
    machine.install_driver()
    machine.choose()
    change(machine)
    machine.choose()
    machine.choose()
    assert machine.probes == "00"


def test_other_pytorch_is_probed_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.install_driver()
    machine.choose()
    monkeypatch.setattr("transcriber.choosing.device.torch_identity", lambda: "another")
    machine.choose()
    assert machine.probes == "00"


def test_restart_is_probed_again_after_a_hang_only(machine: Machine) -> None:
    machine.install_driver()
    machine.choose("cuda:0")
    machine.answers("", "sys.exit(1)")
    machine.choose("cuda:1")
    machine.write("proc/sys/kernel/random/boot_id", "second\n")
    machine.choose("cuda:0")
    machine.choose("cuda:1")
    assert machine.probes == "011"


def test_unwritable_cache_probes_each_time(machine: Machine) -> None:
    machine.install_driver()
    machine.cache.parent.write_text("a file where the folder should be")
    assert machine.choose().kind == "cuda"
    assert machine.choose().kind == "cuda"
    assert machine.probes == "00"


def test_corrupt_cache_is_probed_again(machine: Machine) -> None:
    machine.install_driver()
    machine.choose()
    machine.cache.write_bytes(b"\x00garbage")
    assert machine.choose().kind == "cuda"
    assert machine.choose().kind == "cuda"
    assert machine.probes == "00"


def test_cache_lies_in_the_programs_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: Machine
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    missing = str(tmp_path / "missing")
    choose_device("cuda", root=machine.root, environment={}, command=[missing])
    remembered = (tmp_path / "xdg/whisper-transcriber/device.json").read_text()
    assert "cannot be started" in remembered


def test_import_is_light() -> None:
    code = (
        "import sys, transcriber.choosing.device\n"
        "print(transcriber.choosing.device.choose_device('auto').kind)\n"
        "print([m for m in ('torch', 'numpy', 'whisper') if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert answer.stdout.splitlines()[1] == "[]"


def test_the_trial_gets_the_addon_that_was_found_and_counts_for_it(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install_driver()
    seen = tmp_path / "seen"
    machine.answers(
        json.dumps(WORKS), f"open({str(seen)!r}, 'w').write(os.environ.get('TORCH_CUDA_ADDON', ''))"
    )
    monkeypatch.setattr(search, "find_addon", lambda _: Search())
    machine.choose()
    machine.choose()
    assert (machine.probes, seen.read_text()) == ("0", "")
    addon = tmp_path / "addon.so"
    addon.touch()
    monkeypatch.setattr(search, "find_addon", lambda _: Search(path=addon))
    machine.choose()
    machine.choose()
    assert (machine.probes, seen.read_text()) == ("00", str(addon))
    os.utime(addon, ns=(1, 1))
    machine.choose()
    assert machine.probes == "000"


def test_without_a_driver_no_addon_is_looked_for(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "find_addon", lambda _: pytest.fail("it was looked for"))
    machine.choose()
    machine.choose("cpu")
    machine.choose("cuda")
