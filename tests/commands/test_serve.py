"""The sub-commands ``serve`` and ``ui``, as processes of their own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import child
import media
import pytest
from conftest import Run
from service.conftest import BOUNDARY, Field, form
from utterance import Utterance

from transcriber.errors import ModelError
from transcriber.transcript.journal import SUFFIX

pytestmark = pytest.mark.timeout(300)

PATIENCE = 120.0


@dataclass
class Running:
    """A server that runs."""

    process: subprocess.Popen[str]
    folder: Path
    lines: list[str] = field(default_factory=list)
    port: int = 0

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(client):
            client.request(method, path, body, named)
            answer = client.getresponse()
            return answer.status, answer.headers, answer.read()

    def get(self, path: str) -> Any:
        status, _, body = self.ask(path)
        assert status == 200, body
        return json.loads(body)

    def post(self, path: str, recording: Path, **fields: str) -> tuple[int, bytes]:
        parts: list[Field] = [("file", recording.name, recording.read_bytes()), *fields.items()]
        content_type = f"multipart/form-data; boundary={BOUNDARY}"
        status, _, body = self.ask(path, "POST", form(parts), content_type=content_type)
        return status, body

    def submit(self, recording: Path, **options: str) -> str:
        status, body = self.post("/api/jobs", recording, options=json.dumps(options))
        assert status == 201, body
        job: str = json.loads(body)["jobs"][0]["id"]
        return job

    def over(self, job: str) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def is_over() -> bool:
            found.update(self.get(f"/api/jobs/{job}"))
            return found["state"] in ("done", "failed", "cancelled")

        until(is_over)
        return found

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def folders(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if path.is_dir()]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextlib.contextmanager
def serving(folder: Path, *options: str | Path, command: str = "serve") -> Iterator[Running]:
    """Run a server for the time of the block; end it with a signal."""
    arguments = [command, "--port", "0", "--data_dir", folder, *options]
    if command == "ui":
        arguments.append("--no_browser")
    started = subprocess.Popen(
        [sys.executable, "-P", "-m", "transcriber", *map(str, arguments)],
        env=child.environment(XDG_CONFIG_HOME=str(folder.parent / "config")),
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder.parent,
    )
    with started as process:
        assert process.stderr is not None
        found = Running(process, folder)
        line = process.stderr.readline()
        found.lines.append(line)
        address = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        assert address, line + process.stderr.read()
        found.port = int(address[1])
        reading = Thread(target=lambda: found.lines.extend(process.stderr or ()))
        reading.start()
        try:
            yield found
        finally:
            process.terminate()
            process.wait(30)
            reading.join()


def test_it_tells_where_it_is_and_ends_at_a_signal(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with serving(data) as server:
            assert server.get("/health")["status"] == "ok"
            address = data / "address"
            assert address.stat().st_mode & 0o777 == 0o600
            assert address.read_text().startswith(f"http://127.0.0.1:{server.port}/?token=")
            server.process.send_signal(number)
            assert server.process.wait(20) == 0
        assert not address.exists()
        assert not any("Traceback" in line for line in server.lines), server.lines


def test_no_token_is_in_a_log(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        page = (tmp_path / "data" / "address").read_text()
        path = page.partition(str(server.port))[2]
        status, headers, _ = server.ask(path)
        assert status == 303
        cookie = headers["Set-Cookie"].partition(";")[0]
        assert server.ask("/", cookie=cookie)[0] == 200
        assert server.ask(path)[0] == 403
        assert server.ask("/api/state", cookie=cookie)[0] == 200
    told = "".join(server.lines)
    assert "GET /" in told
    assert path.partition("=")[2] not in told
    assert cookie.partition("=")[2] not in told
    renewed = (tmp_path / "data" / "address").exists()
    assert not renewed


def test_a_key_is_asked_for(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("\nsecret-one\nsecret-two\n")
    with serving(tmp_path / "data", "--api_key_file", keys) as server:
        assert server.ask("/v1/models")[0] == 401
        assert server.ask("/v1/models", authorization="Bearer wrong")[0] == 401
        for key in ("secret-one", "secret-two"):
            assert server.ask("/v1/models", authorization=f"Bearer {key}")[0] == 200
        assert server.ask("/health")[0] == 200
        environ = Path(f"/proc/{server.process.pid}/environ").read_bytes()
    assert b"secret" not in environ
    assert "secret" not in "".join(server.lines)


REFUSED = {
    "a recording": (["serve", "a.wav"], "a service is given its recordings later"),
    "no such option": (["serve", "--nothing", "1"], "there is no option --nothing"),
    "a folder": (["serve", "--output_dir", "x"], "means nothing to a service"),
    "a port": (["serve", "--port", "99999"], "--port"),
    "another machine": (["serve", "--host", "0.0.0.0"], "can be reached from other machines"),  # noqa: S104
    "a missing key": (["serve", "--api_key_file", "/nonexistent"], "cannot read /nonexistent"),
    "no key": (["serve", "--api_key_file", "/dev/null"], "has no key"),
    "a language": (["serve", "--language", "Klingon"], "Klingon"),
    "a recording for the page": (["ui", "a.wav"], "a service is given its recordings later"),
}


@pytest.mark.parametrize("given", REFUSED)
def test_what_makes_no_sense_is_one_line(given: str, tmp_path: Path, run: Run) -> None:
    words, message = REFUSED[given]
    done = run(*words, "--data_dir", tmp_path / "data")
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "data" / "lock").exists()


def test_a_model_that_nobody_knows_is_told_before_it_listens(tmp_path: Path, run: Run) -> None:
    done = run("serve", "--model", "nope", "--port", "0", "--data_dir", tmp_path / "data")
    assert done.returncode == ModelError.exit_code, done.stderr
    assert "there is no model named 'nope'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_that_is_taken(tmp_path: Path, run: Run) -> None:
    with serving(tmp_path / "data") as server:
        done = run("serve", "--port", str(server.port), "--data_dir", tmp_path / "other")
    assert done.returncode == 2
    assert f"cannot listen at 127.0.0.1:{server.port}" in done.stderr


def test_two_servers_on_one_folder(tmp_path: Path, run: Run) -> None:
    with serving(tmp_path / "data") as server:
        done = run("serve", "--port", "0", "--data_dir", tmp_path / "data")
        assert done.returncode == 7
        assert "another transcriber works on the jobs" in done.stderr
        assert done.stderr.count("\n") == 1
        # The page of the one that runs is shown.
        done = run("ui", "--no_browser", "--data_dir", tmp_path / "data")
        assert done.returncode == 0
        assert f"http://127.0.0.1:{server.port}/?token=" in done.stderr
        done = run("ui", "--live", "--no_browser", "--data_dir", tmp_path / "data")
        assert "#/live\n" in done.stderr


def test_a_page_of_a_server_that_was_killed_is_not_shown(tmp_path: Path, run: Run) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        server.kill()
    assert (data / "address").exists()
    (data / "jobs.sqlite").write_bytes(b"no database" * 100)
    done = run("ui", "--no_browser", "--data_dir", data)
    assert done.returncode == 7
    assert "file is not a database" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_page_is_for_one_browser(tmp_path: Path) -> None:
    with serving(tmp_path / "data", command="ui") as server:
        assert server.ask("/")[0] == 403
        path = server.lines[0].strip().partition(str(server.port))[2]
        assert server.ask(path)[0] == 303
        assert server.ask(path)[0] == 403


def test_it_is_small_while_it_is_idle(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        server.get("/api/jobs")
        server.get("/api/options")
        status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    assert int(found[1]) < 60 * 1024


@pytest.fixture
def with_model(models: Path) -> tuple[str, ...]:
    return ("--model=tiny.en", f"--model_dir={models}", "--device=cpu", "--offline")


@pytest.mark.slow
def test_a_recording_has_the_text_of_the_command_line(
    tmp_path: Path, with_model: tuple[str, ...], utterances: list[Utterance], run: Run
) -> None:
    path = utterances[0].path
    done = run(path, "-o", tmp_path / "out", "-f", "all", *with_model)
    assert done.returncode == 0, done.stderr
    expected = {one.suffix[1:]: one.read_bytes() for one in (tmp_path / "out").iterdir()}
    with serving(tmp_path / "data", *with_model) as server:
        for name in ("srt", "vtt"):
            found = server.post("/v1/audio/transcriptions", path, response_format=name)
            assert found == (200, expected[name])
        _, body = server.post("/v1/audio/transcriptions", path)
        text = " ".join(expected["txt"].decode().split())
        assert " ".join(json.loads(body)["text"].split()) == text
        until(lambda: not server.folders)
        job = server.submit(path)
        assert server.over(job)["state"] == "done"
        for name in ("txt", "srt", "vtt", "tsv"):
            assert server.ask(f"/api/jobs/{job}/export?format={name}")[2] == expected[name]
    assert not any("Traceback" in line for line in server.lines)


@pytest.mark.slow
def test_a_server_that_was_killed_goes_on_with_identical_text(
    tmp_path: Path, with_model: tuple[str, ...], long_recording: Path
) -> None:
    with serving(tmp_path / "undisturbed", *with_model) as server:
        job = server.submit(long_recording)
        assert server.over(job)["state"] == "done"
        expected = server.get(f"/api/jobs/{job}/transcript")["segments"]
    generator = random.Random(20)
    data = tmp_path / "data"
    job = ""
    for _ in range(4):
        with serving(data, *with_model) as server:
            job = job or server.submit(long_recording)
            time.sleep(generator.uniform(0.5, 3))
            server.kill()
    with serving(data, *with_model) as server:
        assert server.over(job)["state"] == "done", server.over(job)
        assert server.get(f"/api/jobs/{job}/transcript")["segments"] == expected
        folder = data / job
        assert not list(folder.glob(f"*{SUFFIX}"))
        assert [path.name for path in server.folders] == [job]


@pytest.mark.slow
def test_a_decoder_that_is_killed_costs_nothing(
    tmp_path: Path, with_model: tuple[str, ...], long_recording: Path
) -> None:
    with serving(tmp_path / "data", *with_model) as server:
        job = server.submit(long_recording)
        for _ in range(2):
            until(lambda: server.get(f"/api/jobs/{job}")["position"] > 0)
            killed = decoder_of(server)
            os.kill(killed, signal.SIGKILL)
            until(lambda pid=killed: decoder_of(server) not in (0, pid))  # type: ignore[misc]
        found = server.over(job)
        assert found["state"] == "done", found
        undisturbed = server.submit(long_recording)
        server.over(undisturbed)
        texts = [
            server.get(f"/api/jobs/{one}/transcript")["segments"] for one in (job, undisturbed)
        ]
        assert texts[0] == texts[1]
    assert any("signal 9" in line for line in server.lines)


def decoder_of(server: Running) -> int:
    """Return the process that decodes; 0 while there is none."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    found = children.read_text().split()
    for task in Path(f"/proc/{server.process.pid}/task").iterdir():
        found += (task / "children").read_text().split()
    return int(found[0]) if found else 0


@pytest.mark.slow
def test_nothing_is_left_of_a_server_that_was_killed(
    tmp_path: Path, with_model: tuple[str, ...], long_recording: Path
) -> None:
    with serving(tmp_path / "data", *with_model) as server:
        job = server.submit(long_recording)
        until(lambda: server.get(f"/api/jobs/{job}")["position"] > 0)
        decoder = decoder_of(server)
        assert decoder
        server.kill()
    until(lambda: not Path(f"/proc/{decoder}").exists())


@pytest.mark.slow
def test_the_model_is_unloaded_after_a_while(
    tmp_path: Path, with_model: tuple[str, ...], utterances: list[Utterance]
) -> None:
    with serving(tmp_path / "data", *with_model, "--keep_alive", "0.5") as server:
        for _ in range(2):
            assert server.post("/v1/audio/transcriptions", utterances[0].path)[0] == 200
            assert server.get("/api/state")["decoding"]
            decoder = decoder_of(server)
            until(lambda: not server.get("/api/state")["decoding"])
            until(lambda pid=decoder: not Path(f"/proc/{pid}").exists())  # type: ignore[misc]
    # It ended by itself, and well.
    assert not any("died" in line or "Fatal" in line for line in server.lines), server.lines


@pytest.mark.slow
def test_a_model_that_is_not_here_and_may_not_be_fetched(
    tmp_path: Path, utterances: list[Utterance]
) -> None:
    options = ("--model=base", "--model_dir", tmp_path / "empty", "--offline")
    with serving(tmp_path / "data", *options) as server:
        status, body = server.post("/v1/audio/transcriptions", utterances[0].path)
        assert status == 503
        assert json.loads(body)["error"]["code"] == "offline_error"
        assert not server.folders


@pytest.mark.slow
def test_a_recording_is_heard_and_seen(tmp_path: Path, with_model: tuple[str, ...]) -> None:
    samples = media.samples()
    plays = {"sample.wav": "audio/wav", "sample.mp3": "audio/mpeg", "sample.avi": "audio/wav"}
    plays |= {"sample.mkv": "audio/wav", "sample.webm": "video/webm", "sample.flac": "audio/flac"}
    with serving(tmp_path / "data", *with_model) as server:
        server.ask("/api/queue/pause", "POST")
        for name, media_type in plays.items():
            if not (samples / name).exists():
                continue
            job = server.submit(samples / name)
            status, headers, body = server.ask(f"/api/jobs/{job}/audio")
            assert (status, headers["Content-Type"]) == (200, media_type), name
            status, headers, part = server.ask(f"/api/jobs/{job}/audio", range="bytes=10-19")
            assert (status, part) == (206, body[10:20])
            assert headers["Content-Range"] == f"bytes 10-19/{len(body)}"
            peaks = server.get(f"/api/jobs/{job}/peaks")
            assert peaks["duration"] == pytest.approx(media.SECONDS, abs=0.1)
            assert len(peaks["peaks"]) == pytest.approx(peaks["duration"] * 20, abs=1)
            assert 0.3 < max(peaks["peaks"]) <= 1
        job = server.submit(media.write_wav(tmp_path / "long.wav", seconds=200))
        peaks = server.get(f"/api/jobs/{job}/peaks")
        assert len(peaks["peaks"]) == 200 * 20


TWELVE = (
    *("sample.wav", "sample.mp3", "sample.m4a", "sample.mp4", "sample.flac", "vorbis.ogg"),
    *("sample.opus", "sample.webm", "sample.mkv", "sample.aac", "sample.aiff", "sample.wma"),
)


@pytest.fixture
def openai_python() -> str:
    """Return a Python that has OpenAI's client: this one, or the one of a variable."""
    python = os.environ.get("TRANSCRIBER_OPENAI_PYTHON", sys.executable)
    done = subprocess.run([python, "-c", "import openai"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("OpenAI's client is not installed: name a Python in TRANSCRIBER_OPENAI_PYTHON")
    return python


@pytest.mark.slow
def test_openais_own_client(
    tmp_path: Path,
    with_model: tuple[str, ...],
    utterances: list[Utterance],
    openai_python: str,
) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    paths = [
        media.write_sample(media.BY_NAME[name], folder, utterances[0].path)
        for name in TWELVE
        if media.BY_NAME[name].encoder in media.encoders()
    ]
    code = Path(__file__).with_name("openai_client.py")
    with serving(tmp_path / "data", *with_model) as server:
        done = subprocess.run(
            [openai_python, str(code), f"http://127.0.0.1:{server.port}/v1", *map(str, paths)],
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
            env={**os.environ, "PYTHONPATH": ""},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert not server.folders
    assert not any("Traceback" in line for line in server.lines)
