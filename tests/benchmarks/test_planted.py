"""Regressions of each kind are planted in copies of the real thing, and the real budgets catch
them; noise alone breaks none."""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.figures import ArtefactSizes, Figure, Results
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
from benchmarks.sizes.artefacts import WHEEL
from benchmarks.sizes.changes import Growth, compare
from benchmarks.sizes.wheel import measure_wheel, object_roots
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
EXTENSION = f"torch/{MODULE}"
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


def verdicts_of(figures: Sequence[Figure], budgets: Budgets) -> dict[str, Verdict]:
    return {
        one.name: judge_figure(one, budgets.ceilings[one.name].ceiling)
        for one in figures
        if one.name in budgets.ceilings
    }


def screen_of(
    figures: Sequence[Figure], budgets: Budgets, growth: Sequence[Growth] = ()
) -> tuple[str, list[Verdict]]:
    results = Results(
        revision="0" * 40,
        date="",
        machine={},
        figures=tuple(figures),
        sizes={},
        unmeasured=dict.fromkeys(budgets.margins, "it was not asked for"),
    )
    verdicts = judge(results, budgets)
    return screen(results, Judgement(verdicts=tuple(verdicts)), growth=growth), verdicts


@pytest.mark.skipif(
    not (LINKED / "_C.map").is_file(), reason="the wheel came from the build cache, with no objects"
)
def test_a_fat_symbol_is_caught_and_named(tmp_path: Path, budgets: Budgets) -> None:
    """Links PyTorch's library again with 64 KiB that no compression makes smaller."""
    fat = wheel_with(tmp_path, fat_object(tmp_path))
    (wheel,) = (CHECKOUT / "dist").glob("torch-*.whl")
    now = {WHEEL: sizes_of(fat, tmp_path / "linked", tmp_path)}
    growth = compare({WHEEL: sizes_of(wheel, LINKED, tmp_path)}, now)
    assert PLANTED_BYTES <= growth[0].delta < PLANTED_BYTES + 4096
    text, verdicts = screen_of(size_figures(now), budgets, growth)
    broken = [one.figure for one in verdicts if one.state is State.BROKEN]
    assert f"size/{WHEEL}" in broken
    assert f"BROKEN  size/{WHEEL}: " in text
    assert "planted_fat_table" in text
    assert OVERRIDE in text
    assert len(text.splitlines()) < 60


def fat_object(folder: Path) -> Path:
    noise = random.Random(1).randbytes(PLANTED_BYTES)
    source = folder / "planted.c"
    source.write_text(
        f"unsigned char planted_fat_table[{PLANTED_BYTES}] = {{{','.join(map(str, noise))}}};\n"
        "volatile unsigned planted_sum;\n"
        "__attribute__((constructor)) static void planted_use(void) {\n"
        f"    for (unsigned i = 0; i < {PLANTED_BYTES}; ++i) planted_sum += planted_fat_table[i];\n"
        "}\n"
    )
    tools = provide_toolchain(build_cache())
    flags = ["-O1", "-fPIC", "-fdata-sections", "-ffunction-sections", "-c"]
    capture([tools.cc, *tools.sysroot.flags, *flags, "-o", folder / "planted.o", source])
    return folder / "planted.o"


def wheel_with(folder: Path, extra: Path) -> Path:
    lines = (LINKED / "objects.rsp").read_text().splitlines()
    objects = [Path(line.strip('"')) for line in lines]
    link([*objects, extra], folder / "linked", provide_toolchain(build_cache()))
    (wheel,) = (CHECKOUT / "dist").glob("torch-*.whl")
    fat = folder / wheel.name
    write_zip(fat, {**read_zip(wheel), EXTENSION: (folder / "linked" / MODULE).read_bytes()})
    return fat


def sizes_of(wheel: Path, linked: Path, folder: Path) -> ArtefactSizes:
    return measure_wheel(wheel, linked, [*object_roots(CHECKOUT), folder])


def test_torch_in_the_version_is_caught(plant: Plant, budgets: Budgets) -> None:
    folder = plant(
        "__main__.py", "import os\nimport sys\n", "import os\nimport sys\nimport torch\n"
    )
    modules = count_modules(["--version"], package_parent=folder)
    assert verdicts_of([modules], budgets)[modules.name].state is State.BROKEN
    planted = Subject(
        name=MODULES,
        command=(sys.executable, "-m", "transcriber"),
        variables=instead(folder),
    )
    figures = [
        figure
        for group in measure_starts([planted], rounds=6)
        for figure in ratio_figures(group, PYTHON_ITSELF)
    ]
    verdicts = verdicts_of(figures, budgets)
    for name in (f"start/--version/{MODULES}", f"memory/--version/{MODULES}"):
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
        figures = [
            figure
            for group in measure_starts([native], rounds=8)
            for figure in ratio_figures(group, PYTHON_ITSELF)
        ]
        verdicts = verdicts_of(figures, budgets)
        assert set(names) <= verdicts.keys()
        for name in names:
            assert verdicts[name].state is not State.BROKEN, verdicts[name]
