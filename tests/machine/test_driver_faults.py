"""What a broken driver makes the trial of a GPU say: real libraries, asked in a real child."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from machine.fake_driver import COMPILER, build_driver, damage, with_driver
from transcriber.machine.device_probe import DRIVER_ERRORS, PASSING
from transcriber.machine.driver_faults import explain
from transcriber.machine.nvidia import Driver
from transcriber.machine.probe_runner import ProbeResult

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler")

ASK = """
import json, sys
from transcriber.machine import device_probe
fault = device_probe.driver_fault(int(sys.argv[1]), oldest=(7, 0))
print(json.dumps(fault or device_probe._age_fault("12.4")))
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_driver(tmp_path_factory.mktemp("driver") / "healthy")


def ask(folder: Path, words: str = "", *, index: int = 0, **variables: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(index)],
        env=with_driver(folder, words, **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout) or {}
    return answer


def test_nothing_is_said_against_a_driver_that_works(driver: Path) -> None:
    assert ask(driver) == {}
    assert ask(driver, "version=13000 capability=120 count=4", index=3) == {}
    # Any driver of the same major version does.
    assert ask(driver, "version=12000") == {}


@pytest.mark.parametrize("code", DRIVER_ERRORS)
def test_each_error_of_the_driver_has_words(driver: Path, code: int) -> None:
    answer = ask(driver, f"init={code}")
    assert answer == {
        "status": "failed" if code in PASSING else "absent",
        "reason": f"{DRIVER_ERRORS[code]} (CUDA error {code})",
        "code": code,
    }
    assert len(set(DRIVER_ERRORS.values())) == len(DRIVER_ERRORS)


def test_an_unknown_error_is_told_by_its_number(driver: Path) -> None:
    assert ask(driver, "init=777")["reason"] == "the driver refuses (CUDA error 777)"


def test_a_gpu_that_the_driver_does_not_hand_out(driver: Path) -> None:
    assert ask(driver, "get=46")["code"] == 46


@pytest.mark.parametrize(
    ("words", "index", "reason"),
    [
        (
            "version=11040",
            0,
            "the driver is too old, for CUDA 11.4 instead of 12.4: 525.60.13 or later is needed",
        ),
        (
            "capability=61",
            0,
            "the GPU is too old: its compute capability is 6.1, and 7.0 is needed",
        ),
        ("count=0", 0, "there is no cuda:0: the driver shows no GPU"),
        ("count=2", 2, "there is no cuda:2: the driver shows 2 GPUs"),
        (
            "mode=2",
            0,
            "the GPU's compute mode forbids its use (nvidia-smi --compute-mode=0 permits it)",
        ),
    ],
)
def test_a_driver_or_gpu_that_does_not_do(
    driver: Path, words: str, index: int, reason: str
) -> None:
    assert ask(driver, words, index=index)["reason"] == reason


@pytest.mark.parametrize("visible", ["", "-1"])
def test_the_choice_of_visible_gpus_is_named(driver: Path, visible: str) -> None:
    reason = ask(driver, CUDA_VISIBLE_DEVICES=visible)["reason"]
    expected = f"the driver finds no GPU, with CUDA_VISIBLE_DEVICES={visible!r} (CUDA error 100)"
    assert reason == expected


def test_no_driver_library(tmp_path: Path) -> None:
    answer = ask(tmp_path)
    if answer == {}:
        pytest.skip("this machine has a driver of its own")
    assert answer["reason"] == "no NVIDIA driver is installed (libcuda.so.1 is not found)"


@pytest.mark.parametrize(
    ("how", "reason"),
    [("empty", "file too short"), ("text", "invalid ELF header"), ("32 bit", "wrong ELF class")],
)
def test_a_library_that_does_not_load(tmp_path: Path, how: str, reason: str) -> None:
    folder = build_driver(tmp_path / "driver")
    damage(folder / "libcuda.so.1", how)
    answer = str(ask(folder)["reason"])
    assert answer.startswith("the driver library cannot be loaded (")
    assert reason in answer


@pytest.mark.parametrize(
    ("flag", "function"), [("-DNO_INIT", "cuInit"), ("-DNO_COUNT", "cuDeviceGetCount")]
)
def test_a_library_without_its_functions(tmp_path: Path, flag: str, function: str) -> None:
    folder = build_driver(tmp_path / "driver", flag)
    answer = str(ask(folder)["reason"])
    assert answer.startswith("the driver library is broken (")
    assert f"undefined symbol: {function}" in answer


def installed(
    version: str | None = "550.54.14", nodes: tuple[str, ...] = ("/dev/nvidia0",)
) -> Driver:
    library = Path("/usr/lib64/libcuda.so.535.183.01")
    return Driver(version=version, library=library, library_file=library, nodes=nodes)


def refusal(code: int | None, reason: str = "the driver refuses") -> ProbeResult:
    return ProbeResult(status="failed", reason=reason, code=code)


def make_nodes(root: Path, *names: str) -> None:
    (root / "dev").mkdir(exist_ok=True)
    for name in names:
        (root / "dev" / name).touch()


ALL = ("nvidia0", "nvidiactl", "nvidia-uvm")


def test_device_files_that_the_user_may_not_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_nodes(tmp_path, *ALL)
    # Root, who tests in containers, may open everything.
    monkeypatch.setattr(
        "transcriber.machine.driver_faults.os.access", lambda path, mode: "uvm" in str(path)
    )
    reason = explain(refusal(999), installed(), tmp_path).reason
    assert reason == "this user may not open /dev/nvidiactl, /dev/nvidia0"


def test_device_files_that_are_missing(tmp_path: Path) -> None:
    make_nodes(tmp_path, "nvidia0", "nvidiactl")
    reason = explain(refusal(999), installed(), tmp_path).reason
    assert reason == "/dev/nvidia-uvm is missing: the kernel module behind it is not loaded"


def test_a_library_without_its_kernel_module(tmp_path: Path) -> None:
    reason = explain(refusal(100), installed(version=None, nodes=()), tmp_path).reason
    assert reason == "the driver's kernel module is not loaded, only its library is installed"


def test_the_users_own_choice_comes_first(tmp_path: Path) -> None:
    result = refusal(100, "the driver finds no GPU, with CUDA_VISIBLE_DEVICES='-1'")
    assert explain(result, installed(version=None, nodes=()), tmp_path) == result


def test_versions_that_differ_are_named(tmp_path: Path) -> None:
    result = refusal(803, "the versions differ (CUDA error 803)")
    assert explain(result, installed(), tmp_path).reason == (
        "the versions differ (CUDA error 803), 535.183.01 and 550.54.14: restart the computer"
    )


def test_the_version_that_is_too_old_is_named(tmp_path: Path) -> None:
    result = refusal(35, "525.60.13 or later is needed")
    assert explain(result, installed(version="470.57"), tmp_path).reason == (
        "525.60.13 or later is needed, 470.57 is installed"
    )


@pytest.mark.parametrize("code", [None, 2, 46, 100, 999])
def test_the_reason_stays_where_the_files_tell_nothing(tmp_path: Path, code: int | None) -> None:
    make_nodes(tmp_path, *ALL)
    assert explain(refusal(code), installed(), tmp_path) == refusal(code)


def test_windows_has_one_device_file(tmp_path: Path) -> None:
    make_nodes(tmp_path, "dxg")
    driver = installed(version=None, nodes=("/dev/dxg",))
    assert explain(refusal(999), driver, tmp_path) == refusal(999)
