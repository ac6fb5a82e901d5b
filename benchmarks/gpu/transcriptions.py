"""Whole transcriptions on the GPU: their text, their time and the memory that they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.error_rates import error_rates
from benchmarks.gpu.children import ask, command_of, options_of, program
from benchmarks.gpu.report import Found
from benchmarks.gpu.setup import Setup
from benchmarks.measuring.processes import Round, Subject, in_turns, series
from benchmarks.measuring.ratios import ratio_figures
from benchmarks.measuring.token_differences import differing, tokens_of
from benchmarks.peers import faster_whisper_program
from buildkit.errors import ToolError
from buildkit.places import CHECKOUT

MOST_DIFFERING = 0.02
"""Of all tokens, those that may differ: where two are as likely, half precision takes the other."""

MOST_WORSE = 0.005
"""By how much the error rate may be higher: what those tokens may cost."""

OURS, _PROCESSOR = "ours on the GPU", "ours on the processor"
_OPENAI, _FASTER = "openai-whisper on the GPU", "faster-whisper on the GPU"
_BEAMS = ("--beam_size", "5")
_DECODING = ("--temperature", "0", "--temperature_increment_on_fallback", "None", *_BEAMS)


def compare_transcripts(setup: Setup) -> Found:
    """Transcribe all recordings on the GPU and on the processor, and compare."""
    speech = setup.needed_speech()
    failures: list[str] = []
    rates: dict[str, dict[str, float]] = {}
    for device in ("cpu", "cuda"):
        output = setup.work / device
        options = options_of(setup, device, output, *(one.path for one in speech))
        # By itself, the processor computes in fewer bits, and writes other words sometimes.
        run = program(setup, [*options, "--compute_type", "float32"])
        if run.code:
            raise ToolError(f"on {device} it ended with {run.code}: {' '.join(run.lines[-1:])}")
        failures += run.failures
        rates[device] = {name: rate for name, (_, rate) in error_rates(speech, output).items()}
    counts = {}
    for one in speech:
        name = f"{one.path.stem}.json"
        here, there = (tokens_of(setup.work / device / name) for device in rates)
        counts[one.path.name] = {"differ": differing(here, there), "of": len(here)}
    failures += judge_transcripts(list(counts.values()), rates["cpu"], rates["cuda"])
    return failures, {"tokens": counts, "errors": rates}


def judge_transcripts(
    counts: Sequence[Mapping[str, int]], here: Mapping[str, float], there: Mapping[str, float]
) -> list[str]:
    """Return what is wrong with the transcripts.

    Parameters
    ----------
    counts : sequence of mapping
        Of each recording the tokens that ``differ``, and ``of`` how many.
    here, there : mapping of str to float
        The error rate by language, on the processor and on the GPU.
    """
    differ, total = (sum(one[name] for one in counts) for name in ("differ", "of"))
    failures = [
        f"{language}: {there[language]:.2%} errors on the GPU, {rate:.2%} on the processor"
        for language, rate in here.items()
        if there[language] > rate + MOST_WORSE
    ]
    if differ > MOST_DIFFERING * total:
        failures.append(f"{differ} of {total} tokens differ, more than {MOST_DIFFERING:.0%}")
    return failures


def compare_speed(setup: Setup) -> Found:
    """Transcribe the longest recording with each program, in turns."""
    weights = setup.needed_models() / f"{setup.model}.pt"
    longest = max(setup.needed_speech(), key=lambda one: one.path.stat().st_size)
    output = setup.work / "speed"
    on_gpu, on_processor = (
        [*options_of(setup, device, output, longest.path), *_BEAMS] for device in ("cuda", "cpu")
    )
    ours, here = setup.ours(), {"PYTHONPATH": str(CHECKOUT)}
    subjects = [
        Subject(name=OURS, command=command_of(setup, on_gpu), variables=ours),
        Subject(name=_PROCESSOR, command=command_of(setup, on_processor), variables=ours),
    ]

    def add(name: str, variables: Mapping[str, str], *words: str | Path) -> None:
        other = Subject(name=name, command=(), variables=variables, optional=True)
        subjects.append(other.with_words(*words))

    if setup.program:
        own = {name: value for name, value in ours.items() if name != "PYTHONPATH"}
        add(f"{setup.program.name} on the GPU", own, setup.program, *on_gpu)
    absent: dict[str, str] = {}
    language = ("--language", longest.language)
    words: tuple[str | Path, ...]
    if setup.stock is None:
        absent[_OPENAI] = "no Python with stock PyTorch: --stock names one"
    else:
        words = ("--model", setup.model, "--device", "cuda", *language, *_DECODING, longest.path)
        reference = (CHECKOUT / "benchmarks/reference.py", weights, "--output_dir", output)
        add(_OPENAI, here, setup.stock, "-W", "ignore", *reference, *words)
    if setup.stock is None or setup.ctranslate2 is None:
        absent[_FASTER] = "its weights were not named: --ctranslate2"
    else:
        peer = (str(faster_whisper_program.__file__), "--weights", setup.ctranslate2)
        numbers = ("--threads", "4", "--device", "cuda", "--compute_type", "float16")
        add(
            _FASTER, here, setup.stock, *peer, "--audio", longest.path, *language, *_BEAMS, *numbers
        )
    # What gives a GPU up takes the time of the processor: then nothing here is true.
    failures = program(setup, on_gpu).failures
    return failures, speed_figures(in_turns(subjects, setup.rounds, failed=absent), absent)


def speed_figures(rounds: Sequence[Round], absent: Mapping[str, str]) -> dict[str, Any]:
    """Return the ratios of our time on the GPU to that of each other; below 1 ours is faster."""
    times = series("speed", rounds, "s", lambda one: one.seconds)
    (own,) = (one for one in times if one.subject == OURS)
    ratios = {
        other.subject: ratio_figures([own, other], other.subject)[0]
        for other in times
        if other.subject != OURS
    }
    return {
        "our time on the GPU, by that of": {
            name: {"ratio": one.value, "low": one.low, "high": one.high, "rounds": one.rounds}
            for name, one in ratios.items()
        },
        "seconds": {one.subject: list(one.samples) for one in times},
        "absent": absent,
    }


def measure_memory(setup: Setup) -> Found:
    """Transcribe the first recording on the GPU and on the processor, and tell the peaks."""
    recording = setup.needed_speech()[0].path
    found = {}
    for device in ("cuda", "cpu"):
        options = options_of(setup, device, setup.work / "memory", recording)
        found[device] = ask(setup.python, setup.ours(), "memory", "--backend", "own", *options)
    return judge_memory(found), found


def judge_memory(found: Mapping[str, Any]) -> list[str]:
    """Judge what the children told of each device: the exit code, and peaks in MiB."""
    failures = [
        f"on {device} it ended with {one['code']}" for device, one in found.items() if one["code"]
    ]
    if not found["cuda"]["gpu_mib"]:
        failures.append("it took no memory of the GPU")
    if found["cpu"]["gpu_mib"]:
        failures.append("it took memory of the GPU where it was told not to use it")
    return failures
