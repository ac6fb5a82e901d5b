from __future__ import annotations

import threading
from collections.abc import Mapping

import pytest

from transcriber.dictation import control
from transcriber.dictation.control import Control, ask
from transcriber.errors import TranscriberError, UsageError


@pytest.fixture(autouse=True)
def address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep away from the dictation of whoever runs the tests."""
    monkeypatch.setattr(control, "_address", lambda: f"\0test-{threading.get_ident()}-{id(ask)}")
    here = control._address()
    monkeypatch.setattr(control, "_address", lambda: here)


def echo(question: str) -> Mapping[str, str]:
    return {"asked": question, "text": "ü" * 9000}


def test_a_question_is_answered() -> None:
    assert ask("status") is None
    running = Control(echo)
    try:
        assert ask("status") == {"asked": "status", "text": "ü" * 9000}
        assert ask("stop") == echo("stop")
    finally:
        running.close()
    assert ask("status") is None


def test_only_one_can_run() -> None:
    running = Control(echo)
    with pytest.raises(UsageError, match="runs already: end it by `transcriber dictate stop`"):
        Control(echo)
    running.close()
    Control(echo).close()


def test_who_asks_to_stop_waits_and_others_are_answered_meanwhile() -> None:
    over = threading.Event()
    answers = []

    def answer(question: str) -> Mapping[str, str]:
        if question == "stop":
            assert over.wait(10)
        return {"asked": question}

    running = Control(answer)
    thread = threading.Thread(target=lambda: answers.append(ask("stop")))
    thread.start()
    assert ask("status") == {"asked": "status"}
    assert answers == []
    over.set()
    # What was asked is answered before it closes.
    running.close()
    thread.join(5)
    assert answers == [{"asked": "stop"}]


def test_one_that_ends_without_an_answer() -> None:
    def answer(_: str) -> Mapping[str, str]:
        raise OSError

    running = Control(answer)
    with pytest.raises(TranscriberError, match="ended without an answer"):
        ask("status")
    running.close()


def test_another_user_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    running = Control(echo)
    monkeypatch.setattr(control, "_user_of", lambda _: -1)
    assert ask("status") is None
    running.close()
