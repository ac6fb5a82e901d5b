from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable

import child
import pytest

from transcriber.interruption import Interrupted

WAIT = """
    import sys, time
    from transcriber.interruption import Interrupted, end_at_signals
    end_at_signals()
    try:
        print("ready", flush=True)
        time.sleep(60)
        print("slept")
    except Interrupted as interruption:
        print(isinstance(interruption, KeyboardInterrupt), interruption.message, flush=True)
        if "stay" in sys.argv:
            time.sleep(60)
        sys.exit(interruption.exit_code)
    """

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def await_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ignoring(*numbers: signal.Signals) -> Callable[[], None]:
    """Return what a child does before it starts, as nohup and a shell's ``&`` do."""

    def ignore() -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN if number in numbers else signal.SIG_DFL)

    return ignore


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_interrupts_at_once(number: signal.Signals) -> None:
    with child.start(WAIT, preexec_fn=ignoring()) as process:
        assert await_line(process) == "ready"
        process.send_signal(number)
        assert await_line(process) == "True interrupted; nothing was decoded yet"
        assert process.wait(timeout=10) == 128 + number


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", SIGNALS)
def test_a_second_signal_ends_without_ado(first: signal.Signals, second: signal.Signals) -> None:
    with child.start(WAIT, "stay", preexec_fn=ignoring()) as process:
        assert await_line(process) == "ready"
        process.send_signal(first)
        assert "interrupted" in await_line(process)
        process.send_signal(second)
        assert process.wait(timeout=10) == -second


@pytest.mark.parametrize("ignored", [signal.SIGINT, signal.SIGHUP])
def test_an_ignored_signal_stays_ignored(ignored: signal.Signals) -> None:
    with child.start(WAIT, "stay", preexec_fn=ignoring(ignored)) as process:
        assert await_line(process) == "ready"
        process.send_signal(ignored)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        process.send_signal(signal.SIGTERM)
        assert "interrupted" in await_line(process)
        # It is not reset to the default for the second time either.
        process.send_signal(ignored)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        process.kill()


def test_other_signals_keep_their_meaning() -> None:
    with child.start(WAIT, preexec_fn=ignoring()) as process:
        assert await_line(process) == "ready"
        process.send_signal(signal.SIGQUIT)
        assert process.wait(timeout=10) == -signal.SIGQUIT


@pytest.mark.parametrize(("number", "code"), [(1, 129), (2, 130), (15, 143)])
def test_the_exit_code_is_that_of_a_shell(number: int, code: int) -> None:
    assert Interrupted(number).exit_code == code


SWALLOWED = """
    import os, signal, sys
    from transcriber.interruption import Interrupted, check_interrupted, end_at_signals
    end_at_signals()

    class Dying:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1000):
                pass

    sys.unraisablehook = lambda raised: print("swallowed", raised.exc_type.__name__)
    dying = Dying()
    del dying
    try:
        check_interrupted()
    except Interrupted as interruption:
        print("raised again", interruption.exit_code)
    """


def test_a_signal_that_python_swallows_is_raised_again() -> None:
    done = child.run(SWALLOWED)
    assert done.stdout.splitlines() == ["swallowed Interrupted", "raised again 143"], done.stderr


UNDISTURBED = """
    import os, signal
    from transcriber.interruption import Interrupted, end_at_signals, undisturbed
    end_at_signals()
    try:
        with undisturbed():
            with undisturbed():
                os.kill(os.getpid(), signal.SIGINT)
                for _ in range(1000):
                    pass
                print("inner")
            print("outer")
        print("behind")
    except Interrupted as interruption:
        print("raised", interruption.exit_code)
    """


def test_a_signal_waits_for_what_must_not_be_disturbed() -> None:
    assert child.run(UNDISTURBED).stdout.splitlines() == ["inner", "outer", "raised 130"]


ERROR = """
    import os, signal, sys
    from transcriber import __main__
    from transcriber.errors import DependencyError

    def dispatch(given):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1000):
                pass
        except KeyboardInterrupt:
            raise {error}

    __main__._dispatch = dispatch
    sys.exit(__main__.main(["a.wav"]))
    """


@pytest.mark.parametrize(
    "error", ['DependencyError("torch does not load", "install it")', 'AttributeError("ndim")']
)
def test_what_a_signal_broke_is_no_other_failure(error: str) -> None:
    done = child.run(ERROR.replace("{error}", error + " from None"))
    assert done.stderr.strip() == "transcriber: interrupted; nothing was decoded yet"
    assert done.returncode == 143
