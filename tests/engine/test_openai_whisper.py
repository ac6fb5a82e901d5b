"""Loading openai-whisper without numba. Each case needs a process that has loaded nothing yet."""

from __future__ import annotations

import sys

import child
import pytest

from transcriber.engine import openai_whisper


def check(code: str) -> str:
    done = child.run(code)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_numba_is_neither_loaded_nor_left_behind() -> None:
    printed = check(
        """
        import sys
        from transcriber.engine import openai_whisper
        before = set(sys.modules)
        whisper = openai_whisper.load()
        print("numba" in sys.modules, any(name.startswith("numba.") for name in sys.modules))
        print("torch" in before, "torch" in sys.modules)
        print(whisper is sys.modules["whisper"], openai_whisper.load() is whisper)

        import whisper.timing
        from transcriber.engine.dynamic_time_warping import warp
        print(whisper.timing.dtw_cpu is warp)

        # The functions that numba would have compiled are plain ones.
        print(type(whisper.timing.backtrace).__name__)

        import numpy as np
        import torch
        cost = np.arange(12.0).reshape(3, 4)
        path = whisper.timing.dtw(torch.from_numpy(cost))
        print(np.array_equal(path, warp(cost)))
        """
    )
    assert printed.splitlines() == [
        "False False",
        "False True",
        "True True",
        "True",
        "function",
        "True",
    ]


@pytest.mark.slow
def test_a_numba_that_is_there_stays() -> None:
    printed = check(
        """
        import sys
        import numba
        from transcriber.engine import openai_whisper
        whisper = openai_whisper.load()
        print(sys.modules["numba"] is numba, numba.jit.__module__.startswith("numba."))

        import whisper.timing
        from transcriber.engine.dynamic_time_warping import warp
        print(whisper.timing.dtw_cpu is warp)
        print(numba.njit(lambda x: x + 1)(1))
        """
    )
    assert printed.splitlines() == ["True True", "True", "2"]


def test_word_times_come_without_numba() -> None:
    printed = check(
        """
        import importlib.abc, sys

        class Refuse(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in ("numba", "llvmlite"):
                    raise AssertionError(name)

        sys.meta_path.insert(0, Refuse())
        from transcriber.engine import openai_whisper
        whisper = openai_whisper.load()
        import torch
        from whisper.timing import add_word_timestamps
        from whisper.tokenizer import get_tokenizer
        torch.set_num_threads(1)
        torch.manual_seed(1)
        sizes = whisper.model.ModelDimensions(80, 1500, 16, 2, 1, 51865, 64, 16, 2, 2)
        tokenizer = get_tokenizer(True, num_languages=99, language="en", task="transcribe")
        segments = [
            {"seek": 0, "start": 0.0, "end": 5.0, "tokens": tokenizer.encode(" one two three")}
        ]
        add_word_timestamps(
            segments=segments,
            model=whisper.model.Whisper(sizes).eval(),
            tokenizer=tokenizer,
            mel=torch.randn(80, 3000),
            num_frames=500,
            last_speech_timestamp=0.0,
        )
        print([word["word"] for word in segments[0]["words"]])
        """
    )
    assert printed == "[' one', ' two', ' three']\n"


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("sys.modules['torch'] = None", "import of torch halted"),
        ("sys.modules['whisper'] = None; del sys.modules['whisper']; sys.path[:] = []", "whisper"),
    ],
)
def test_what_is_missing_is_told(missing: str, reason: str) -> None:
    printed = check(
        f"""
        import sys
        from transcriber.engine import openai_whisper
        from transcriber.errors import DependencyError
        {missing}
        try:
            openai_whisper.load()
        except DependencyError as error:
            print(error.exit_code, error)
        print("numba" in sys.modules)
        """
    )
    told, numba = printed.splitlines()
    assert told.startswith("8 openai-whisper or torch does not load: ")
    assert reason in told
    assert told.endswith(": install the program again")
    assert numba == "False"


def test_a_library_that_does_not_load_is_told() -> None:
    printed = check(
        """
        import ctypes, sys
        from transcriber.engine import openai_whisper
        from transcriber.errors import DependencyError

        class Broken:
            def find_spec(self, name, path=None, target=None):
                if name == "torch":
                    # As ctypes has it, which torch loads its own libraries with.
                    ctypes.CDLL("libnothing-of-this-name.so")

        sys.meta_path.insert(0, Broken())
        try:
            openai_whisper.load()
        except DependencyError as error:
            print(error.exit_code, error)
        """
    )
    assert printed.startswith("8 openai-whisper or torch does not load: libnothing-of-this-name.so")


def test_it_is_loaded_once() -> None:
    whisper = openai_whisper.load()
    assert whisper is sys.modules["whisper"]
    assert openai_whisper.load() is whisper
