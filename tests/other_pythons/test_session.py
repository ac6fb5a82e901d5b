"""The parent's side of the protocol, against children that a test scripts."""

from __future__ import annotations

import gc
import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import child
import pytest

from transcriber.errors import EngineFailedError, ModelError, UsageError
from transcriber.other_pythons.session import Session

START = b'{"start": true}\n'

PRELUDE = """
import json, os, signal, sys, time
def hear():
    message = json.loads(sys.stdin.buffer.readline())
    message["content"] = sys.stdin.buffer.read(message.get("payload", 0)).decode("latin-1")
    return message
def say(**message):
    print(json.dumps(message), flush=True)
start = hear()
"""

Start = Callable[..., Session]


def is_running(process_id: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        text = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False
    return text.rsplit(")", 1)[1].split()[0] not in ("Z", "X")


def wait_until_gone(process_id: int) -> None:
    end = time.monotonic() + 20
    while is_running(process_id):
        assert time.monotonic() < end, "the child lives on"
        time.sleep(0.02)


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts a child with a script."""
    sessions: list[Session] = []

    def begin(script: str, *, silence: float = 30, command: list[str] | None = None) -> Session:
        whole = PRELUDE + textwrap.dedent(script)
        session = Session(
            "/a/python", command or [sys.executable, "-c", whole], START, silence=silence
        )
        sessions.append(session)
        return session

    yield begin
    for session in sessions:
        session.close()


def failure(session: Session, *, seconds: float | None = None) -> EngineFailedError:
    """Return how a request fails, after which the child is gone."""
    with pytest.raises(EngineFailedError) as caught:
        session.request("decode", seconds=seconds)
    assert len(str(caught.value).splitlines()) == 1
    assert "/a/python" in caught.value.message
    assert "--backend own" in caught.value.remedy
    wait_until_gone(session.process_id)
    return caught.value


def test_a_request_and_its_answer(start: Start) -> None:
    session = start("message = hear(); say(id=message['id'], result=[start, message])")
    answer = session.request("decode", payload=b"\x00\xff\n", prompt=[1, 2])
    assert answer == [
        {"start": True, "content": ""},
        {"id": 1, "do": "decode", "prompt": [1, 2], "payload": 3, "content": "\x00\xff\n"},
    ]


def test_a_payload_larger_than_any_pipe(start: Start) -> None:
    session = start("say(id=1, result=len(hear()['content']))")
    assert session.request("encode", payload=bytes(3_000_000)) == 3_000_000


def test_signs_of_life_and_old_answers_are_passed_over(start: Start) -> None:
    session = start("hear(); say(alive=True); say(id=0, result='old'); say(id=1, result='new')")
    assert session.request("decode") == "new"


def test_what_is_printed_before_the_first_message_is_passed_over(start: Start) -> None:
    session = start("hear(); print('welcome to this Python'); say(id=1, result=5)")
    assert session.request("hello") == 5


def test_a_child_that_writes_much_to_standard_error(start: Start) -> None:
    script = "hear(); sys.stderr.write('x' * 1000000); sys.stderr.flush(); say(id=1, result=1)"
    assert start(script).request("decode") == 1


@pytest.mark.parametrize(
    ("kind", "message", "remedy", "expected"),
    [
        ("ModelError", "base.pt is damaged", "fetch it again", ModelError),
        ("UsageError", "no such token", "", UsageError),
        ("EngineFailedError", "cuda:0 failed: lost", "try again", EngineFailedError),
    ],
)
def test_an_error_of_the_program_is_raised_as_such(
    start: Start, kind: str, message: str, remedy: str, expected: type[Exception]
) -> None:
    error = {"kind": kind, "message": message, "remedy": remedy}
    session = start(f"hear(); say(id=1, error={error}); hear(); say(id=2, result='alive')")
    with pytest.raises(expected) as caught:
        session.request("load")
    assert str(caught.value) == (f"{message}: {remedy}" if remedy else message)
    # Nothing is wrong with the child.
    assert session.request("load") == "alive"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("gpu", "the GPU has failed under the PyTorch of /a/python (the reason)"),
        ("memory", "the memory does not suffice for the PyTorch of /a/python (the reason)"),
        ("other", "an error ended the PyTorch of /a/python (the reason)"),
        ("Exception", "an error ended the PyTorch of /a/python (the reason)"),
    ],
)
def test_any_other_error_is_a_failure_of_the_engine(start: Start, kind: str, expected: str) -> None:
    session = start(f"hear(); say(id=1, error={{'kind': {kind!r}, 'message': 'the reason'}})")
    with pytest.raises(EngineFailedError) as caught:
        session.request("decode")
    assert caught.value.message == expected
    assert caught.value.exit_code == 11


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL", "SIGABRT"])
def test_a_child_that_is_killed(start: Start, name: str) -> None:
    error = failure(start(f"hear(); os.kill(os.getpid(), signal.{name})"))
    assert error.message == f"the PyTorch of /a/python ended by {name}"


def test_a_child_that_ends_says_why(start: Start) -> None:
    error = failure(start("hear(); raise ImportError('no module named torch')"))
    assert error.message.endswith("ended with exit code 1 (ImportError: no module named torch)")


def test_a_child_that_ends_before_it_is_asked(start: Start) -> None:
    session = start("", command=[sys.executable, "-c", "raise SystemExit(3)"])
    wait_until_gone(session.process_id)
    assert failure(session).message.endswith("ended with exit code 3")


def test_a_child_that_closes_its_output_and_lives_on(start: Start) -> None:
    script = "hear(); os.close(1); sys.stderr.close(); time.sleep(60)"
    assert "closed its output" in failure(start(script)).message


def test_a_silent_child(start: Start) -> None:
    begin = time.monotonic()
    error = failure(start("hear(); time.sleep(60)", silence=0.5))
    assert "no sign of life for 0.5 s" in error.message
    assert time.monotonic() - begin < 30


def test_a_stopped_child_that_does_not_even_read(start: Start) -> None:
    session = start("os.kill(os.getpid(), signal.SIGSTOP)", silence=0.5)
    with pytest.raises(EngineFailedError, match="no sign of life"):
        session.request("encode", payload=bytes(3_000_000))
    wait_until_gone(session.process_id)


def test_a_living_child_that_does_not_get_done(start: Start) -> None:
    script = "hear()\nwhile True: say(alive=True); time.sleep(0.1)"
    assert "did not answer in time" in failure(start(script), seconds=0.7).message


def test_a_slow_child_that_lives_is_waited_for(start: Start) -> None:
    script = """
        hear()
        for _ in range(10): say(alive=True); time.sleep(0.2)
        say(id=1, result="done")
    """
    assert start(script, silence=1.5).request("decode") == "done"


@pytest.mark.parametrize("garbage", ["nonsense", "[1]", "1", "{", "\\xff\\xfe"])
def test_a_child_that_talks_nonsense(start: Start, garbage: str) -> None:
    script = f"hear(); say(alive=True); print('{garbage}', flush=True); time.sleep(60)"
    assert "no readable answer" in failure(start(script)).message


def test_a_child_that_floods_its_output(start: Start) -> None:
    script = "hear()\nwhile True: sys.stdout.write('x' * 65536)"
    assert "no readable answer" in failure(start(script)).message


def test_an_error_that_is_none(start: Start) -> None:
    with pytest.raises(EngineFailedError, match="no readable answer"):
        start("hear(); say(id=1, error='broken')").request("decode")


def test_a_program_that_does_not_exist(start: Start) -> None:
    with pytest.raises(EngineFailedError, match="cannot be started"):
        start("", command=["/nowhere/python"])


def test_a_failed_child_is_not_asked_again(start: Start) -> None:
    session = start("hear(); sys.exit(1)")
    failure(session)
    with pytest.raises(EngineFailedError, match="has ended"):
        session.request("decode")


def test_what_interrupts_a_request_ends_the_child(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = start("hear(); time.sleep(60)")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(KeyboardInterrupt):
            session.request("decode")
    finally:
        signal.signal(signal.SIGALRM, previous)
    wait_until_gone(session.process_id)


def test_a_forgotten_session_ends_its_child(start: Start) -> None:
    session = Session("x", [sys.executable, "-c", "import time; time.sleep(60)"], START)
    process_id = session.process_id
    assert is_running(process_id)
    del session
    gc.collect()
    wait_until_gone(process_id)


def test_what_the_child_has_started_ends_with_it(start: Start) -> None:
    script = """
        import subprocess
        hear()
        sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
        say(id=1, result=subprocess.Popen(sleep).pid)
        time.sleep(60)
    """
    session = start(script)
    grandchild = session.request("decode")
    assert is_running(grandchild)
    session.close()
    wait_until_gone(grandchild)


def test_variables_of_another_python_are_kept_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    script = PRELUDE + "hear(); say(id=1, result=dict(os.environ))"
    variables = {**os.environ, "PYTHONHOME": sys.base_prefix, "CUDA_VISIBLE_DEVICES": "1"}
    session = Session("x", [sys.executable, "-c", script], START, environment=variables)
    found = session.request("decode")
    session.close()
    assert "PYTHONHOME" not in found
    assert found["CUDA_VISIBLE_DEVICES"] == "1"


KILLED = """
    import sys, time
    from transcriber.other_pythons.session import Session
    session = Session("x", [sys.executable, "-c", sys.argv[1]], b"{}\\n")
    print(session.process_id, flush=True)
    session.request("decode")
    """


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_parent_that_dies_closes_the_childs_input(number: signal.Signals) -> None:
    script = PRELUDE + "hear(); sys.stdin.buffer.read()"
    with child.start(KILLED, script) as parent:
        assert parent.stdout is not None
        process_id = int(parent.stdout.readline())
        assert is_running(process_id)
        parent.send_signal(number)
        parent.wait(timeout=20)
        wait_until_gone(process_id)


def test_ctrl_c_in_a_terminal_does_not_reach_the_child_itself(start: Start) -> None:
    session = start("hear(); time.sleep(60)")
    assert os.getsid(session.process_id) == session.process_id != os.getsid(0)
