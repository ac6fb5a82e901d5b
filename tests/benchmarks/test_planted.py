"""Regressions of each kind are planted in copies of the real thing, and the real budgets catch
them; noise alone breaks none."""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.figures import Figure, Results
from benchmarks.judging.budgets import BUDGETS, Budgets, read_budgets
from benchmarks.judging.judge import State, Verdict, is_decided, judge, judge_figure
from benchmarks.manifest import read_manifest
from benchmarks.measuring.accuracy import measure_accuracy, reference_transcripts
from benchmarks.measuring.counts import count_modules
from benchmarks.measuring.processes import Subject
from benchmarks.measuring.ratios import ratio_figures
from benchmarks.measuring.recordings import recordings, speech_folder
from benchmarks.measuring.speed import REFERENCE, measure_cell
from benchmarks.measuring.starts import ACTIONS, PYTHON_ITSELF, measure_starts
from benchmarks.peers.contestants import Contestant, contestants
from benchmarks.plan import FETCHED, QUICK_CELLS
from benchmarks.report.screen import OVERRIDE, Judgement, screen
from benchmarks.sizes.artefacts import WHEEL, measure_wheel, object_roots
from benchmarks.sizes.changes import compare
from benchmarks.steps import native_program, size_figures, thread_counts
from benchmarks.transcription_steps import BEAMS
from buildkit.archive import read_zip, write_zip
from buildkit.capture import capture
from buildkit.places import CHECKOUT, build_cache
from buildkit.toolchain import provide_toolchain
from scripts.layout import BENCHMARKS, SPEECH
from torch_build.link import MODULE, link

pytestmark = pytest.mark.slow

LINKED = CHECKOUT / "build/torch/linked"
PLANTED_BYTES = 64 * 1024
MODULES = "wheel under CPython"


def instead(folder: Path) -> dict[str, str]:
    """Return variables with which Python takes the program of `folder`, not of this one."""
    return {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}


Plant = Callable[[str, str, str], Path]


@pytest.fixture(scope="module")
def budgets() -> Budgets:
    return read_budgets(BUDGETS.read_text())


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Return a folder with a copy of the program in which one place of one file is another."""

    def planted(file: str, place: str, other: str) -> Path:
        shutil.copytree(CHECKOUT / "transcriber", tmp_path / "transcriber")
        path = tmp_path / "transcriber" / file
        text = path.read_text()
        assert text.count(place) == 1, f"{file} has another form now: plant it elsewhere"
        path.write_text(text.replace(place, other))
        return tmp_path

    return planted


def verdicts_of(figures: Iterable[Figure], budgets: Budgets) -> dict[str, Verdict]:
    return {
        one.name: judge_figure(one, budgets.ceilings[one.name].ceiling)
        for one in figures
        if one.name in budgets.ceilings
    }


@pytest.mark.skipif(
    not (LINKED / "_C.map").is_file(), reason="the wheel came from the build cache, with no objects"
)
def test_a_fat_symbol_is_caught_and_named(tmp_path: Path, budgets: Budgets) -> None:
    """Links PyTorch's library again with 64 KiB that no compression makes smaller."""
    noise = random.Random(1).randbytes(PLANTED_BYTES)
    source, fat_object = tmp_path / "planted.c", tmp_path / "planted.o"
    source.write_text(
        f"unsigned char planted_fat_table[{PLANTED_BYTES}] = {{{','.join(map(str, noise))}}};\n"
        "volatile unsigned planted_sum;\n"
        "__attribute__((constructor)) static void planted_use(void) {\n"
        f"    for (unsigned i = 0; i < {PLANTED_BYTES}; ++i) planted_sum += planted_fat_table[i];\n"
        "}\n"
    )
    tools = provide_toolchain(build_cache())
    flags = ["-O1", "-fPIC", "-fdata-sections", "-ffunction-sections", "-c"]
    capture([tools.cc, *tools.sysroot.flags, *flags, "-o", fat_object, source])
    lines = (LINKED / "objects.rsp").read_text().splitlines()
    linked = tmp_path / "linked"
    link([*(Path(line.strip('"')) for line in lines), fat_object], linked, tools)
    (wheel,) = (CHECKOUT / "dist").glob("torch-*.whl")
    fat = tmp_path / wheel.name
    write_zip(fat, {**read_zip(wheel), f"torch/{MODULE}": (linked / MODULE).read_bytes()})
    roots = [*object_roots(CHECKOUT), tmp_path]
    now = {WHEEL: measure_wheel(fat, linked, roots)}
    growth = compare({WHEEL: measure_wheel(wheel, LINKED, roots)}, now)
    assert PLANTED_BYTES <= growth[0].delta < PLANTED_BYTES + 4096
    results = Results(
        revision="0" * 40,
        date="",
        machine={},
        figures=tuple(size_figures(now)),
        sizes={},
        unmeasured=dict.fromkeys(budgets.margins, "it was not asked for"),
    )
    verdicts = judge(results, budgets)
    broken = [one.figure for one in verdicts if one.state is State.BROKEN]
    assert f"size/{WHEEL}" in broken
    text = screen(results, Judgement(verdicts=tuple(verdicts)), growth=growth)
    for said in (f"BROKEN  size/{WHEEL}: ", "planted_fat_table", OVERRIDE):
        assert said in text
    assert len(text.splitlines()) < 60


def start_figures(subject: Subject, rounds: int) -> list[Figure]:
    groups = measure_starts([subject], rounds=rounds)
    return [figure for group in groups for figure in ratio_figures(group, PYTHON_ITSELF)]


def test_torch_in_the_version_is_caught(plant: Plant, budgets: Budgets) -> None:
    place = "import os\nimport sys\n"
    folder = plant("__main__.py", place, f"{place}import torch\n")
    command = (sys.executable, "-m", "transcriber")
    planted = Subject(name=MODULES, command=command, variables=instead(folder))
    modules = count_modules(["--version"], package_parent=folder)
    verdicts = verdicts_of([modules, *start_figures(planted, 6)], budgets)
    names = [f"{kind}/--version/{MODULES}" for kind in ("start", "memory")]
    for name in (modules.name, *names):
        assert verdicts[name].state is State.BROKEN, verdicts[name]


def test_a_sleep_in_the_decoder_is_caught(plant: Plant, budgets: Budgets, tmp_path: Path) -> None:
    place = "        self._batch.add("
    # What a hundred steps of a window have been made slower by, all at once.
    folder = plant("engine/fused/batch.py", place, f"        __import__('time').sleep(3)\n{place}")
    (cell,) = (one for one in QUICK_CELLS if one.length == "medium")
    figure = f"speed/{cell.name}/native"
    recording = recordings(speech_folder(), BENCHMARKS / "recordings")[cell.length]

    def subject(one: Contestant, name: str, variables: dict[str, str]) -> Subject:
        command = one.command(
            recording.paths,
            language=recording.language,
            beam_size=BEAMS[cell.decoding],
            threads=thread_counts()[cell.threads],
            output=tmp_path / "output",
        )
        return Subject(name=name, command=command, variables={**one.variables, **variables})

    known = {one.name: one for one in contestants(CHECKOUT, peers=False)}
    # The modules under CPython take as long as the native program, which is made of them.
    slow = subject(known[MODULES], "native", instead(folder))
    measured = measure_cell(
        replace(cell, most_rounds=12),
        [slow, subject(known[REFERENCE], REFERENCE, {})],
        recording.seconds,
        decided=lambda figures: is_decided([one for one in figures if one.name == figure], budgets),
    )
    verdict = verdicts_of(ratio_figures(measured.groups[0], REFERENCE), budgets)[figure]
    assert verdict.state is State.BROKEN, verdict


def test_a_worse_transcript_is_caught(plant: Plant, budgets: Budgets) -> None:
    folder = plant(
        "engine/segmentation.py",
        "[token for token in part if token < tokenizer.eot]",
        "[token for token in part[:-3] if token < tokenizer.eot]",
    )
    variables = [f"{name}={value}" for name, value in instead(folder).items()]
    command = ["env", *variables, sys.executable, "-m", "transcriber"]
    speech = read_manifest(SPEECH)
    figures = measure_accuracy(
        FETCHED, speech, "greedy", command, reference=reference_transcripts(speech, "greedy")
    )
    verdicts = verdicts_of(figures, budgets)
    for name in (f"accuracy/{FETCHED}/greedy/en WER", f"accuracy/{FETCHED}/greedy/differing files"):
        assert verdicts[name].state is State.BROKEN, verdicts[name]


def test_noise_alone_breaks_nothing_in_ten_runs(budgets: Budgets) -> None:
    native = native_program()
    names = [f"{kind}/{action}/{native.name}" for kind in ("start", "memory") for action in ACTIONS]
    for _ in range(10):
        verdicts = verdicts_of(start_figures(native, 8), budgets)
        for name in names:
            assert verdicts[name].state is not State.BROKEN, verdicts[name]
