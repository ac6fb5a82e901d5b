"""The options, models and state of the service, and what watches it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jobs.conftest import wait_for

from service.conftest import SHARED, Service
from transcriber.options.command_line import parse
from transcriber.options.defaults import defaults_path
from transcriber.service.api import state


def test_options(service: Service) -> None:
    _, answer = service.ask("/api/options")
    options = {one["name"]: one for group in answer["groups"] for one in group["options"]}
    assert options["beam_size"]["kind"] == "number"
    assert options["beam_size"]["default"] == 5
    bounds = {
        name: [options[name][bound] for bound in ("minimum", "maximum", "step")]
        for name in ("vad_threshold", "vad_min_silence_ms", "logprob_threshold", "language")
    }
    assert bounds == {
        "vad_threshold": [0, 1, None],
        "vad_min_silence_ms": [0, 10**9, 1],
        "logprob_threshold": [None, None, None],
        "language": [None, None, None],
    }
    assert options["word_timestamps"]["kind"] == "boolean"
    assert options["task"]["choices"] == ["transcribe", "translate"]
    assert options["language"]["common"]
    # What the server decides on is no client's business.
    assert not {"model_dir", "device", "ffmpeg", "output_dir", "python", "threads"} & {*options}
    assert all("%(" not in one["help"] for one in options.values())


def test_defaults_are_kept(service: Service) -> None:
    assert service.ask("/api/defaults") == (200, {"options": {}})
    given = {"language": "de", "word_timestamps": True, "beam_size": 3, "hotwords": "  a, b "}
    status, answer = service.ask("/api/defaults", "PUT", {"options": given})
    assert (status, answer["options"]) == (200, {**given, "hotwords": "a, b"})
    settings = parse(["a.wav"])
    assert settings.decoding.language == "de"
    assert settings.decoding.beam_size == 3
    status, answer = service.ask("/api/defaults", "PUT", {"options": {"beam_size": None}})
    assert answer == {"options": {}}
    assert parse(["a.wav"]).decoding.beam_size == 5


def test_lines_that_the_page_does_not_show_stay(service: Service) -> None:
    path = defaults_path()
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_text("# mine\noutput_format = srt\nbeam-size = 2\n")
    service.ask("/api/defaults", "PUT", {"options": {"language": "de"}})
    assert path.read_text() == "# mine\noutput_format = srt\nlanguage = de\n"


@pytest.mark.parametrize(
    "value", ["a\npython = /tmp/evil", "a\r\npython = /tmp/evil", "a\x0bb\u2028python = /tmp/evil"]
)
def test_a_default_is_one_line(service: Service, value: str) -> None:
    """Anything else would choose the program that runs."""
    assert service.ask("/api/defaults", "PUT", {"options": {"initial_prompt": value}})[0] == 200
    path = defaults_path()
    assert path is not None
    assert len(path.read_text().splitlines()) == 1
    assert parse(["a.wav"]).python is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"suppress_tokens": [1, 2]}, "1,2"),
        ({"suppress_tokens": []}, "-1"),
    ],
)
def test_a_list_is_kept_as_the_command_line_has_it(
    service: Service, given: dict[str, Any], expected: str
) -> None:
    assert service.ask("/api/defaults", "PUT", {"options": given})[0] == 200
    assert parse(["a.wav"]).decoding.suppress_tokens == expected


@SHARED
@pytest.mark.parametrize(
    "options",
    [
        None,
        [1],
        {"python": "/bin/sh"},
        {"ffmpeg": "/bin/sh"},
        {"model_mirror": "http://nowhere.example"},
        {"model": "/etc/passwd"},
        {"beam_size": "x"},
        {"language": "Klingon"},
        {"nothing": 1},
    ],
)
def test_wrong_defaults_are_refused(service: Service, options: object) -> None:
    assert service.ask("/api/defaults", "PUT", {"options": options})[0] == 400
    assert service.ask("/api/defaults") == (200, {"options": {}})


def test_models(service: Service) -> None:
    _, answer = service.ask("/api/models")
    assert answer["folder"] == str(service.context.models)
    (base,) = [one for one in answer["models"] if one["name"] == "base"]
    assert (base["stored"], base["official"], base["languages"]) == (False, True, "all")
    assert base["parameters"] == "73 M"
    assert base["bytes"] < base["memory_bytes"] < 10 * base["bytes"]
    assert service.ask("/api/models/default", "POST", {"name": "tiny"})[1] == {"default": "tiny"}
    assert service.ask("/api/models")[1]["default"] == "tiny"
    assert service.ask("/api/state")[1]["model"] == "tiny"


@SHARED
@pytest.mark.parametrize("name", ["nothing", "", None, 1, ["base"], "../base"])
def test_a_model_that_there_is_not_is_no_default(service: Service, name: object) -> None:
    assert service.ask("/api/models/default", "POST", {"name": name})[0] == 400


@SHARED
def test_a_model_that_is_not_stored_cannot_be_removed(service: Service) -> None:
    assert service.ask("/api/models/base", "DELETE")[0] == 404


def test_a_download_that_fails_is_told(service: Service) -> None:
    listener = service.queue.bulletin.listen()
    assert service.ask("/api/models/tiny/fetch", "POST") == (202, {"name": "tiny"})
    event = listener.hear(10)
    assert event is not None
    assert (event.kind, event.content["state"]) == ("model", "failed")
    assert "forbidden" in event.content["error"]
    wait_for(lambda: not service.ask("/api/models")[1]["models"][0]["fetching"])


def test_what_is_no_checkpoint_is_not_imported(service: Service) -> None:
    headers = {"content_type": "application/octet-stream"}
    status, answer = service.ask(
        "/api/models/import?name=../../mine", "POST", b"no checkpoint", **headers
    )
    assert status == 400
    assert answer["error"]["message"]
    assert service.folders == []


def test_an_import_that_fails_tells_why(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 4, stdout="10 %", stderr="transcriber: damaged\n")

    monkeypatch.setattr(subprocess, "run", run)
    status, answer = service.ask("/api/models/import?name=mine", "POST", b"checkpoint")
    assert (status, answer["error"]["message"]) == (400, "damaged")


@SHARED
def test_state(service: Service) -> None:
    _, answer = service.ask("/api/state")
    assert answer["languages"]["de"] == "german"
    assert answer["formats"]["srt"]["media_type"] == "application/x-subrip"
    assert answer["free_bytes"] > 0
    assert answer["paused"] is False


def test_findings_are_for_people() -> None:
    found = state._findings(
        {"total": 3 << 30, "limit": None, "odd": {"unknown": "no /proc"}}, of_bytes=True
    )
    assert [one["text"] for one in found] == ["3.0 GiB", "none", "no /proc"]
    (python,) = state._findings({"python3": {"python": "3.13", "torch": ""}}, of_bytes=False)
    assert python["text"] == "python: 3.13"


@pytest.mark.slow
def test_doctor(service: Service) -> None:
    status, answer = service.ask("/api/doctor")
    assert status == 200
    assert len(answer["sections"]) > 2
    for section in answer["sections"]:
        for finding in section["findings"]:
            assert finding["level"] in ("ok", "note", "problem")
            assert isinstance(finding["text"], str)


@SHARED
def test_health(service: Service) -> None:
    status, answer = service.ask("/health")
    assert (status, answer["status"]) == (200, "ok")


SAMPLE = re.compile(r'([a-z_]+)(\{[a-z]+="[^"\\\n]*"\})? (-?[0-9.]+(?:e[+-]?\d+)?)')


def metrics(service: Service) -> dict[str, float]:
    """Return the samples of Prometheus' text format, which is checked on the way."""
    answer = service.served.ask("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.body.decode()
    assert text.endswith("\n")
    found: dict[str, float] = {}
    described: dict[str, set[str]] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            _, kind, name, rest = line.split(" ", 3)
            assert kind in ("HELP", "TYPE")
            assert kind == "HELP" or rest in ("gauge", "counter")
            described.setdefault(name, set()).add(kind)
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        assert described[match[1]] == {"HELP", "TYPE"}
        name = match[1] + (match[2] or "")
        assert name not in found
        found[name] = float(match[3])
    return found


def test_metrics(service: Service) -> None:
    before = metrics(service)
    assert before["transcriber_decoder_up"] == 0
    service.done("say one")
    service.done("fail 3 InputError no sound")
    service.queue.cancel(service.submit("rest 30"))
    after = metrics(service)
    assert after['transcriber_jobs{state="done"}'] == 1
    assert after['transcriber_jobs_total{state="failed"}'] == 1
    assert after['transcriber_jobs_total{state="cancelled"}'] == 1
    assert after["transcriber_audio_seconds_total"] == 2
    assert after["transcriber_decoder_up"] == 1
    assert 1e6 < after["transcriber_memory_bytes"] < 1e10


def test_the_server_loads_no_engine() -> None:
    """An idle server is small."""
    code = (
        "import sys, transcriber.commands.serve, transcriber.service.routes;"
        "print([name for name in ('torch', 'numpy', 'asyncio') if name in sys.modules])"
    )
    repository = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=repository, check=True
    )
    assert done.stdout == "[]\n"
