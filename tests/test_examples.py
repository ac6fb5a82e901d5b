"""Docstrings show how a function is called, and what they show is so."""

from __future__ import annotations

import ast
import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from transcriber.engine import openai_whisper

REPOSITORY = Path(__file__).resolve().parents[1]

SOURCES = (
    *("transcriber", "buildkit", "benchmarks", "scripts", "release"),
    *("torch-build/torch_build", "native-build/native_build"),
)
"""Packages, by the path of their folder."""

ROOMS = ("engine", "audio", "transcript", "speech")
"""Rooms of the program in which every public function has an example, unless it is one of these."""

WITHOUT_EXAMPLE = {
    "it reads or writes files": (
        *("audio.appended", "audio.program_files", "audio.ffmpeg.find_ffmpeg"),
        *("audio.inspection.inspect", "audio.stated_length.unread_bytes"),
        *("audio.stream.open_audio", "engine.fused.checkpoint.open_checkpoint"),
        *("engine.fused.loading.load_packed", "engine.fused.packed_file.is_sound"),
        *("engine.fused.packed_file.read_packed", "engine.fused.packed_file.write_packed"),
        *(
            "engine.model_loading.load_checkpoint",
            "engine.model_loading.load_model",
            "engine.model_loading.read_content",
        ),
        *("speech.weights.read_weights", "transcript.journal.open_journal"),
        *("transcript.journal.read_journal", "transcript.ownership", "transcript.sole_owner"),
    ),
    "it asks the system": (
        *("audio.failures.memory_failure", "audio.kernel", "audio.landlock", "audio.limits"),
        *("audio.sandbox", "audio.sandbox_state.has_filters", "audio.sandbox_state.in_words"),
        *("audio.sandbox_state.landlock_version", "audio.sandbox_state.sandboxes_for"),
    ),
    "it is about the state of the process": (
        *("engine.device_failures.device_failures", "engine.local.has_abandoned"),
        "engine.openai_whisper.load",
    ),
    "what it takes is a network, a checkpoint or a tokenizer": (
        *("engine.batching.side_by_side", "engine.fused.packed_file.file_bytes"),
        *("engine.fused.packing", "engine.fused.prompting.search_of", "engine.fused.words.align"),
        *(
            "engine.listening.make_ear",
            "engine.loop.decode_clips",
            "engine.loop.transcribe_windows",
        ),
        *("engine.rows.search.choose", "engine.rows.search.never_written"),
        *("engine.shared_attention.share_audio", "speech.network.make_network"),
        "speech.weights.unpack",
    ),
}
"""Functions, or modules of nothing else, by the reason why they have none."""


def modules_with_examples() -> Iterator[str]:
    for source in SOURCES:
        package = REPOSITORY / source
        for path in sorted(package.rglob("*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                parts = path.relative_to(package.parent).with_suffix("").parts
                yield ".".join(parts).removesuffix(".__init__")


@pytest.mark.parametrize("name", [*modules_with_examples()])
def test_examples_are_so(name: str) -> None:
    # Modules that import whisper are to find it without numba, as in the program.
    openai_whisper.load()
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert not found.failed


def public_functions() -> dict[str, bool]:
    """Return the public functions of the rooms, and whether each has an example."""
    found = {}
    for room in ROOMS:
        for path in sorted((REPOSITORY / "transcriber" / room).rglob("*.py")):
            module = ".".join(path.relative_to(REPOSITORY / "transcriber").with_suffix("").parts)
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    found[f"{module}.{node.name}"] = ">>> " in (ast.get_docstring(node) or "")
    return found


def test_every_function_that_can_have_an_example_has_one() -> None:
    exceptions = [name for names in WITHOUT_EXAMPLE.values() for name in names]
    excepted, missing = set(), []
    for name, has_example in public_functions().items():
        if has_example:
            continue
        reasons = {name, name.rpartition(".")[0]}.intersection(exceptions)
        excepted |= reasons
        if not reasons:
            missing.append(name)
    assert missing == []
    # A table of exceptions that are none hides those to come.
    assert excepted == set(exceptions)
    assert len(exceptions) == len(set(exceptions))
