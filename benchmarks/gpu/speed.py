"""Whole transcriptions on the GPU, by the time of ours on the processor and of other programs."""

from __future__ import annotations

from typing import Any

from benchmarks.gpu.children import options_of, program
from benchmarks.gpu.part import Part, judged
from benchmarks.gpu.setup import Setup
from benchmarks.manifest import read_manifest
from benchmarks.measuring.processes import Subject, in_turns, series
from benchmarks.measuring.ratios import ratio_figures
from benchmarks.peers import faster_whisper_program
from benchmarks.report.markup import Row, Table
from buildkit.places import CHECKOUT

REFERENCE_PROGRAM = CHECKOUT / "benchmarks/reference.py"
"""openai-whisper's own command line, on weights of our store."""

OURS = "ours on the GPU"
_DECODING = ("--beam_size", "5")


def compare_speed(setup: Setup) -> Part:
    """Transcribe the longest recording with each, in turns.

    Raises
    ------
    UnavailableError
        When there are no recordings or no weights.
    ToolError
        When one of ours fails.
    """
    models = setup.needed_models()
    longest = max(read_manifest(setup.needed_speech()), key=lambda one: one.path.stat().st_size)
    recording, output = longest.path, setup.work / "speed"
    ours = (str(setup.python), "-m", "transcriber")
    subjects = [
        Subject(
            name=name,
            command=(*ours, *options_of(setup, device, output, recording), *_DECODING),
            variables=setup.ours(),
        )
        for name, device in ((OURS, "cuda"), ("ours on the processor", "cpu"))
    ]
    absent: dict[str, str] = {}
    if setup.program:
        options = options_of(setup, "cuda", output, recording)
        # Its own Python has no other back end.
        del options[options.index("--backend") : options.index("--backend") + 2]
        subjects.append(
            Subject(
                name=f"{setup.program.name} on the GPU",
                command=(str(setup.program), *options, *_DECODING),
                variables={
                    name: value for name, value in setup.ours().items() if name != "PYTHONPATH"
                },
                optional=True,
            )
        )
    if setup.stock:
        weights = str(models / f"{setup.model}.pt")
        words = ("--model", setup.model, "--device", "cuda", "--output_dir", str(output))
        subjects.append(
            Subject(
                name="openai-whisper on the GPU",
                command=(
                    *(str(setup.stock), "-W", "ignore", str(REFERENCE_PROGRAM), weights, *words),
                    *("--language", longest.language, "--temperature", "0"),
                    *("--temperature_increment_on_fallback", "None", *_DECODING),
                    str(recording),
                ),
                variables={"PYTHONPATH": str(CHECKOUT)},
                optional=True,
            )
        )
    else:
        absent["openai-whisper on the GPU"] = "no Python with stock PyTorch: --stock names one"
    if setup.stock and setup.ctranslate2:
        subjects.append(
            Subject(
                name="faster-whisper on the GPU",
                command=(
                    *(str(setup.stock), str(faster_whisper_program.__file__)),
                    *("--weights", str(setup.ctranslate2), "--audio", str(recording)),
                    *("--language", longest.language, "--threads", "4", *_DECODING),
                    *("--device", "cuda", "--compute_type", "float16"),
                ),
                variables={"PYTHONPATH": str(CHECKOUT)},
                optional=True,
            )
        )
    else:
        absent["faster-whisper on the GPU"] = "its weights were not named: --ctranslate2"
    # What gives a GPU up takes the time of the processor: then nothing here is true.
    told = program(setup, [*options_of(setup, "cuda", output, recording), *_DECODING])
    failures = [f"the GPU was given up: {told.fell_back}"] if told.fell_back else []
    rounds = in_turns(subjects, setup.rounds, failed=absent)
    return judge(rounds, absent, failures)


def judge(rounds: Any, absent: dict[str, str], failures: list[str]) -> Part:
    """Return the part of what the rounds took."""
    times = series("speed", rounds, "s", lambda one: float(one.seconds))
    (own,) = (one for one in times if one.subject == OURS)
    # Below 1 ours is faster: each of the others is the reference of one ratio.
    ratios = {
        other.subject: ratio_figures([own, other], other.subject)[0]
        for other in times
        if other.subject != OURS
    }
    figures = {
        "ratios": {
            name: {"ratio": one.value, "low": one.low, "high": one.high, "rounds": one.rounds}
            for name, one in ratios.items()
        },
        "seconds": {one.subject: list(one.samples) for one in times},
        "absent": dict(absent),
    }
    rows = [
        Row(cells=(name, f"{one.value:.3f} ({one.low:.3f}-{one.high:.3f})", ""))
        for name, one in ratios.items()
    ]
    rows += [Row(cells=(name, "", why)) for name, why in absent.items()]
    table = Table(
        title="Time of ours on the GPU, by the time of",
        columns=("which", "ratio", "why there is none"),
        numbers=frozenset({1}),
        rows=tuple(rows),
    )
    return judged("speed", failures, figures, table)
