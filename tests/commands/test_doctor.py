from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from transcriber import __version__
from transcriber.audio.ffmpeg import Ffmpeg, find_ffmpeg
from transcriber.audio.sandbox_state import in_words
from transcriber.choosing.device import Device
from transcriber.commands import doctor
from transcriber.commands.doctor import add_arguments, run
from transcriber.cuda.search import Search
from transcriber.doctor import machine as findings
from transcriber.doctor.finding import Finding, Value, look_up
from transcriber.doctor.machine import (
    environment_findings,
    folder_findings,
    gpu_findings,
    memory_findings,
    model_findings,
    processor_findings,
)
from transcriber.errors import DependencyError, UsageError
from transcriber.models.preference import remember_model
from transcriber.models.readiness import Readiness

SECTIONS = [
    "program",
    "processor",
    "threads",
    "memory",
    "ffmpeg",
    "packages",
    "gpu",
    "device",
    "engine",
    "pythons",
    "models",
    "folders",
    "desktop",
    "environment",
]

FFMPEG = Ffmpeg(path=Path("/usr/bin/ffmpeg"), version="5.1", origin="PATH")


def arguments(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(given)


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make everything be there that a transcription needs."""
    monkeypatch.setattr(findings, "find_ffmpeg", lambda configured: FFMPEG)
    monkeypatch.setattr(findings, "package_version", lambda distribution, module: "1.0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    here = Readiness(ready=True, text="small is here", as_chosen=True)
    monkeypatch.setattr(findings, "readiness", lambda chosen, directory, **_: here)


def report(capsys: pytest.CaptureFixture[str], *given: str, code: int = 0) -> dict[str, Any]:
    assert run(arguments("--json", *given)) == code
    parsed = json.loads(capsys.readouterr().out)
    assert isinstance(parsed, dict)
    return parsed


@pytest.mark.usefixtures("complete")
def test_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = report(capsys, "--model_dir", str(tmp_path))
    assert list(found) == [*SECTIONS, "missing"]
    assert found["missing"] == []
    assert found["ffmpeg"]["ffmpeg"] == {
        "path": "/usr/bin/ffmpeg",
        "version": "5.1",
        "origin": "PATH",
    }
    assert found["threads"]["threads"] >= 1
    assert found["memory"]["total"] > 2**20
    assert found["models"]["stored"] == {}
    assert str(tmp_path) in found["folders"]["models"]
    assert found["device"]["reason"]


@pytest.mark.usefixtures("complete")
def test_text_has_the_same_sections(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments()) == 0
    lines = capsys.readouterr().out.splitlines()
    titles = [line.lower() for line in lines if line and not line.startswith(" ")]
    assert titles == [*SECTIONS, "ready to transcribe."]
    assert any(line.split() == ["version", __version__] for line in lines)


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("given", [(), ("--json",)])
def test_missing_ffmpeg(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: tuple[str, ...]
) -> None:
    def find(configured: str | None) -> Ffmpeg:
        raise DependencyError("ffmpeg was not found", "install it")

    monkeypatch.setattr(findings, "find_ffmpeg", find)
    assert run(arguments(*given)) == 8
    output = capsys.readouterr().out
    if given:
        assert json.loads(output)["missing"] == ["ffmpeg"]
        assert "not found" in json.loads(output)["ffmpeg"]["ffmpeg"]["unknown"]
    else:
        assert "unknown (ffmpeg was not found: install it)" in output
        assert output.splitlines()[-1] == "Cannot transcribe: ffmpeg missing."


@pytest.mark.usefixtures("complete")
def test_what_ffmpeg_is_kept_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRANSCRIBER_SANDBOX", "off")
    assert report(capsys)["ffmpeg"]["sandbox"] == "off, by TRANSCRIBER_SANDBOX"
    monkeypatch.delenv("TRANSCRIBER_SANDBOX")
    told = report(capsys)["ffmpeg"]["sandbox"]
    # By any kernel one line, and the words of the sandbox that this ffmpeg runs in.
    assert told == in_words(find_ffmpeg().sandbox)
    assert told
    assert "\n" not in told


@pytest.mark.usefixtures("complete")
def test_missing_torch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(
        findings, "package_version", lambda name, module: None if name == "torch" else "1.0"
    )
    assert report(capsys, code=8)["missing"] == ["torch"]


@pytest.mark.usefixtures("complete")
def test_a_missing_model_is_told_in_the_last_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stands(ready: bool, text: str) -> str:
        found = Readiness(ready=ready, text=text)
        monkeypatch.setattr(findings, "readiness", lambda chosen, directory, **_: found)
        assert run(arguments()) == (0 if ready else 8)
        return capsys.readouterr().out.splitlines()[-1]

    assert stands(False, "small is damaged") == (
        "Cannot transcribe: usable model missing; small is damaged."
    )
    assert stands(True, "small is not here; base is here: --model base") == (
        "Ready to transcribe; small is not here; base is here: --model base."
    )


@pytest.mark.usefixtures("complete")
def test_options_are_passed_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    seen: list[object] = []

    def find(configured: str | None) -> Ffmpeg:
        seen.append(configured)
        return FFMPEG

    def choose(requested: str, *, fresh: bool) -> Device:
        seen.extend([requested, fresh])
        return Device(kind="cuda", index=1, name="H100", reason="fine")

    monkeypatch.setattr(findings, "find_ffmpeg", find)
    monkeypatch.setattr(findings, "choose_device", choose)
    options = ("--ffmpeg", "/x", "--device", "cuda:1", "--model-dir", str(tmp_path))
    found = report(capsys, *options)
    assert seen == ["/x", "cuda:1", True]
    assert found["device"] == {"device": "cuda:1", "name": "H100", "reason": "fine"}
    assert str(tmp_path) in found["folders"]["models"]


def test_unknown_device_is_refused_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="cuda:N"):
        run(arguments("--device", "gpu"))
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    "name",
    [
        "program_findings",
        "processor_findings",
        "thread_findings",
        "memory_findings",
        "gpu_findings",
        "device_findings",
        "model_findings",
        "folder_findings",
        "environment_findings",
    ],
)
def test_failing_section_hides_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    def fail(*given: object) -> list[Finding]:
        raise ZeroDivisionError("in\na corner")

    monkeypatch.setattr(doctor, name, fail)
    found = report(capsys)
    assert list(found) == [*SECTIONS, "missing"]
    unknown = [title for title in SECTIONS if {"unknown": "in a corner"} in found[title].values()]
    assert len(unknown) == 1


def values(found: list[Finding]) -> dict[str, Value]:
    return {finding.name: finding.value for finding in found}


def texts(found: list[Finding]) -> dict[str, str]:
    return {finding.name: finding.text for finding in found}


def test_machine_without_proc(tmp_path: Path) -> None:
    assert values(processor_findings(tmp_path))["model"] == "unknown"
    memory = memory_findings(tmp_path)
    assert texts(memory)["total"] == "unknown (no MemTotal in /proc/meminfo)"
    assert memory[0].error
    assert texts(gpu_findings(tmp_path))["kernel module"] == "none"


def test_machine_with_proc(tmp_path: Path) -> None:
    (tmp_path / "proc/pressure").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal: 2097152 kB\nMemAvailable:  1048576 kB\n")
    (tmp_path / "proc/loadavg").write_text("0.50 1.25 2.00 3/456 789\n")
    (tmp_path / "proc/pressure/cpu").write_text("some avg10=12.50 avg60=1 avg300=1 total=9\nfull x")
    (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
    (tmp_path / "proc/driver/nvidia/version").write_text("NVRM: Kernel Module  555.58  x\n")
    memory = memory_findings(tmp_path)
    assert values(memory)["total"] == 2**31
    assert texts(memory)["available"] == "1.0 GiB"
    assert texts(processor_findings(tmp_path))["load average"] == "0.50 1.25 2.00"
    assert values(processor_findings(tmp_path))["waiting for a processor"] == 12.5
    assert values(gpu_findings(tmp_path))["kernel module"] == "555.58"


def test_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    remember_model("turbo")
    imported = tmp_path / "imported"
    imported.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    right = hashlib.sha256(b"12345").hexdigest()
    for name, size, sha256 in (("whole", 5, right), ("short", 6, right), ("other", 5, "0" * 64)):
        (imported / f"{name}.pt").write_bytes(b"12345")
        description = {"name": name, "sha256": sha256, "size": size, "origin": "openai"}
        (imported / f"{name}.json").write_text(json.dumps(description))
    chosen, stored, usable = model_findings(tmp_path)
    assert chosen.value == "large-v3-turbo"
    assert isinstance(stored.value, dict)
    assert set(stored.value) == {"whole", "short", "other"}
    assert "damaged" in stored.value["short"]
    assert "damaged" in stored.value["other"]
    assert usable.text == "large-v3-turbo is not here; whole is here: --model whole"
    assert usable.caveat == usable.text
    assert not usable.missing
    assert "damaged" not in stored.value["whole"]
    assert str(imported / "whole.pt") in stored.value["whole"]


def test_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "file").touch()
    found = texts(folder_findings(tmp_path / "file/below"))
    assert "not writable" in found["models"]
    assert "(writable, does not exist yet, " in found["cache"]
    assert "GiB free" in found["cache"]
    assert not (tmp_path / "cache").exists()


def test_environment_shows_what_matters_and_no_password() -> None:
    environment = {
        "OMP_NUM_THREADS": "2",
        "CUDA_VISIBLE_DEVICES": "",
        "TRANSCRIBER_MODEL_MIRROR": "https://me:secret@mirror.example/whisper",
        "https_proxy": "http://user:secret@proxy.example:3128",
        "PYTHONPATH": "/somewhere",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "EDITOR": "vi",
    }
    found = texts(environment_findings(environment))
    assert sorted(found) == [
        "CUDA_VISIBLE_DEVICES",
        "OMP_NUM_THREADS",
        "PYTHONPATH",
        "TRANSCRIBER_MODEL_MIRROR",
        "https_proxy",
    ]
    assert "secret" not in str(found)
    assert found["https_proxy"] == "http://***@proxy.example:3128"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        ([], "none"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (["a", "b"], "a\nb"),
        ({"a": "b"}, "a: b"),
    ],
)
def test_how_values_read(value: Value, text: str) -> None:
    assert look_up("x", lambda: value).text == text


def test_error_without_a_message() -> None:
    def fail() -> Value:
        raise OSError

    assert look_up("x", fail).text == "unknown (OSError)"
    assert look_up("x", fail, required=True).missing
    assert not look_up("x", fail).missing


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom transcriber.__main__ import main\n"
        "code = main(['doctor', '--json'])\n"
        "heavy = ('torch', 'numpy', 'whisper', 'tqdm', 'ffmpeg', 'numba')\n"
        "print(code, [m for m in heavy if m in sys.modules], file=sys.stderr)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    # Our own PyTorch is asked for its kernels. It is small, and calls no driver.
    ours = "['torch', 'numpy']" if "+whisper" in metadata.version("torch") else "[]"
    code_and_heavy = answer.stderr.splitlines()[-1]
    assert code_and_heavy in {f"0 {ours}", f"8 {ours}"}
    assert json.loads(answer.stdout)["program"]["version"]
    # A look is no use: nothing is left behind unless a GPU was tried.
    if json.loads(answer.stdout)["gpu"]["device files"] == []:
        assert list(tmp_path.iterdir()) == []


def test_the_cuda_addon_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def told(found: Search) -> Value:
        monkeypatch.setattr(findings, "find_addon", lambda: found)
        return next(one for one in gpu_findings(tmp_path) if one.name == "CUDA add-on").value

    assert told(Search(path=Path("/a.so"), origin="in the cache")) == ["here: /a.so (in the cache)"]
    assert told(Search(origin="not fetched yet", wanted=True, damaged=("/a.so: it is short",))) == [
        "not here: not fetched yet; `transcriber cuda fetch` gets it",
        "damaged: /a.so: it is short",
    ]
