"""Which engine decodes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from transcriber import operators
from transcriber.choosing import engine as choice
from transcriber.choosing import other_python as selection
from transcriber.choosing.device import Device
from transcriber.choosing.engine import choose_engine
from transcriber.choosing.other_python import Selection
from transcriber.engine.batched import BatchedEngine
from transcriber.engine.fallback import FallbackEngine
from transcriber.engine.interface import Engine
from transcriber.engine.local import LocalEngine
from transcriber.errors import DependencyError, EngineFailedError
from transcriber.machine.probe_runner import ProbeResult
from transcriber.models.stored import StoredModel
from transcriber.other_pythons.candidates import Candidate
from transcriber.other_pythons.engine import ClipwiseSystemEngine, SystemEngine
from transcriber.other_pythons.interpreters import Interpreter
from transcriber.other_pythons.trial import Trial
from transcriber.settings import DecodingSettings, OutputSettings, RunSettings

STORED = StoredModel(name="base", path=Path("base.pt"), sha256="0", size=1, origin="official")
PROCESSOR = Device(kind="cpu", index=None, name="processor", reason="no NVIDIA driver found")
UNUSABLE = Device(
    kind="cpu", index=None, name="processor", reason="cuda:0 is not usable: no", fallback=True
)
OWN_GPU = Device(kind="cuda", index=0, name="H100", reason="works")
WORKS = ProbeResult(status="works", reason="works", name="H100")
ABSENT = ProbeResult(status="absent", reason="PyTorch finds no GPU")

Choose = Callable[..., Engine]


def candidate() -> Candidate:
    path = Path("/some/bin/python3")
    interpreter = Interpreter(path=path, version=(3, 9), origin="conda", packages=())
    return Candidate(interpreter=interpreter, torch=None, problem="")


def selected(gpu: ProbeResult | None) -> Selection:
    session: Any = object()
    trial = Trial(candidate=candidate(), session=session, torch="2.5.1+cu124", gpu=gpu)
    return Selection(candidates=[trial.candidate], trials=[trial], chosen=trial)


NOTHING = Selection(candidates=[candidate()])


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def asked() -> list[dict[str, Any]]:
    """Return how the Pythons of the system were asked for."""
    return []


@pytest.fixture
def choose(
    monkeypatch: pytest.MonkeyPatch, notes: list[str], asked: list[dict[str, Any]]
) -> Choose:
    """Return a function that chooses an engine on a made-up machine."""

    def run(*, own: Device, driver: bool, system: Selection = NOTHING, **options: Any) -> Engine:
        class Driver:
            present = driver

        def select(requested: str, **given: Any) -> Selection:
            asked.append({"requested": requested, **given})
            return system

        monkeypatch.setattr(choice, "find_driver", Driver)
        monkeypatch.setattr(choice, "choose_device", lambda requested: own)
        monkeypatch.setattr(selection, "select_for", select)
        settings = RunSettings(
            inputs=("a.wav",),
            model_directory=Path("models"),
            decoding=options.pop("decoding", DecodingSettings()),
            output=OutputSettings(),
            **options,
        )
        return choose_engine(STORED, settings, notes.append)

    # With the operators, the processor's engine is the one that decodes many windows at once.
    monkeypatch.setattr(operators, "available", lambda: False)
    return run


def preferred(engine: Engine) -> Any:
    assert isinstance(engine, FallbackEngine)
    return engine._preferred


def test_without_a_driver_nothing_is_looked_for(
    choose: Choose, notes: list[str], asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", start)
    engine = choose(own=PROCESSOR, driver=False)
    assert type(engine) is LocalEngine
    assert (notes, asked) == ([], [])


def test_the_programs_own_gpu_comes_first(
    choose: Choose, notes: list[str], asked: list[dict[str, Any]]
) -> None:
    engine = choose(own=OWN_GPU, driver=True, system=selected(WORKS))
    assert type(preferred(engine)) is BatchedEngine
    assert (notes, asked) == ([], [])


def test_the_system_has_the_only_way_to_the_gpu(
    choose: Choose, notes: list[str], asked: list[dict[str, Any]]
) -> None:
    engine = choose(own=UNUSABLE, driver=True, system=selected(WORKS))
    assert isinstance(preferred(engine), SystemEngine)
    assert preferred(engine)._device == "cuda:0"
    assert notes == [
        "using the PyTorch 2.5.1+cu124 of /some/bin/python3 on H100: "
        "the program's own cannot use the GPU"
    ]
    assert asked == [{"requested": "auto", "named": None, "only_gpu": True}]


def test_nothing_can_use_the_gpu(choose: Choose, notes: list[str]) -> None:
    engine = choose(own=UNUSABLE, driver=True)
    assert type(engine) is LocalEngine
    assert notes == ["using the processor: cuda:0 is not usable: no"]


ASKED_FOR = Device(kind="cpu", index=None, name="processor", reason="asked for")


@pytest.mark.parametrize(
    ("own", "options"), [(ASKED_FOR, {"device": "cpu"}), (UNUSABLE, {"backend": "own"})]
)
def test_the_system_is_not_asked(
    choose: Choose, asked: list[dict[str, Any]], own: Device, options: dict[str, str]
) -> None:
    engine = choose(own=own, driver=True, system=selected(WORKS), **options)
    assert type(engine) is LocalEngine
    assert asked == []


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_that_is_asked_for_needs_a_driver(
    choose: Choose, asked: list[dict[str, Any]], device: str
) -> None:
    assert type(choose(own=UNUSABLE, driver=False, device=device)) is LocalEngine
    assert asked == []


def test_the_system_is_asked_for(
    choose: Choose, notes: list[str], asked: list[dict[str, Any]]
) -> None:
    options = {"backend": "system", "python": "/some", "device": "cuda:1"}
    engine = choose(own=OWN_GPU, driver=True, system=selected(WORKS), **options)
    assert preferred(engine)._device == "cuda:1"
    assert notes == ["using the PyTorch 2.5.1+cu124 of /some/bin/python3 on H100"]
    assert asked == [{"requested": "cuda:1", "named": "/some"}]


def test_the_system_has_the_processor_only(choose: Choose, notes: list[str]) -> None:
    engine = choose(own=PROCESSOR, driver=False, system=selected(None), backend="system")
    assert preferred(engine)._device == "cpu"
    assert notes == ["using the PyTorch 2.5.1+cu124 of /some/bin/python3 on the processor"]


def test_the_systems_gpu_does_not_work(choose: Choose, notes: list[str]) -> None:
    engine = choose(own=PROCESSOR, driver=True, system=selected(ABSENT), backend="system")
    assert preferred(engine)._device == "cpu"
    assert notes[0] == "using the processor: cuda:0 is not usable: PyTorch finds no GPU"
    assert len(notes) == 2


@pytest.mark.parametrize(
    ("wanted", "machine", "told"),
    [
        ("auto", {"own": OWN_GPU}, ""),
        ("int8", {"own": OWN_GPU}, "int8 is for the processor: a GPU computes as --fp16 says"),
        ("float32", {"own": OWN_GPU}, "float32 is for the processor"),
        ("int8", {"own": PROCESSOR}, "int8 needs the program's own PyTorch"),
        ("float32", {"own": PROCESSOR}, ""),
        ("bfloat16", {"own": UNUSABLE, "system": selected(WORKS)}, "bfloat16 is for the processor"),
        (
            "bfloat16",
            {"own": PROCESSOR, "system": selected(None), "backend": "system"},
            "bfloat16 needs the program's own PyTorch: this one uses float32",
        ),
    ],
)
def test_a_compute_type_that_is_not_there_is_told(
    choose: Choose,
    notes: list[str],
    monkeypatch: pytest.MonkeyPatch,
    wanted: str,
    machine: dict[str, Any],
    told: str,
) -> None:
    monkeypatch.setattr(operators, "available", lambda: False)
    choose(driver=True, decoding=DecodingSettings(compute_type=wanted), **machine)
    found = [note for note in notes if "--compute_type" in note]
    assert len(found) == bool(told)
    assert all(note.startswith("--compute_type ") and told in note for note in found)


def test_the_program_has_every_compute_type(
    choose: Choose, notes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operators, "available", lambda: True)
    choose(own=PROCESSOR, driver=False, decoding=DecodingSettings(compute_type="bfloat16"))
    assert notes == []


def test_the_system_has_nothing(choose: Choose) -> None:
    with pytest.raises(DependencyError, match="has no PyTorch that can be used"):
        choose(own=OWN_GPU, driver=True, backend="system")


def test_the_processor_stands_by_for_the_child(
    choose: Choose, notes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    engine = choose(own=PROCESSOR, driver=False, system=selected(None), backend="system")
    child = preferred(engine)

    def fail() -> None:
        raise EngineFailedError("the PyTorch of /some/bin/python3 ended by SIGKILL")

    class Session:
        def close(self) -> None:
            closed.append(True)

    monkeypatch.setattr(child, "prepare", fail)
    monkeypatch.setattr(child, "_session", Session())
    monkeypatch.setattr(LocalEngine, "read", lambda self, blocks: len(list(blocks)))
    monkeypatch.setattr(choice, "forget_trials", lambda: None)
    assert engine.read([b"1", b"2"]) == 2
    assert closed == [True]
    assert notes[1:] == [
        "the PyTorch of /some/bin/python3 ended by SIGKILL; the processor is used instead"
    ]


@pytest.mark.parametrize(
    ("decoding", "batched", "listens"),
    [
        (DecodingSettings(), True, True),
        (DecodingSettings(vad_filter=False), True, False),
        (DecodingSettings(batch_size=4, compute_type="float32"), True, True),
        (DecodingSettings(compute_type="float32"), False, None),
        (DecodingSettings(batch_size=1), False, None),
        (DecodingSettings(batch_size=1, vad_filter=True), False, True),
    ],
)
def test_the_operators_decode_many_windows_at_once(
    choose: Choose,
    monkeypatch: pytest.MonkeyPatch,
    decoding: DecodingSettings,
    batched: bool,
    listens: bool | None,
) -> None:
    monkeypatch.setattr(operators, "available", lambda: True)
    engine = choose(own=PROCESSOR, driver=False, decoding=decoding)
    assert isinstance(engine, BatchedEngine) == batched
    assert isinstance(engine, LocalEngine)
    assert engine._settings.vad_filter is listens


@pytest.mark.parametrize("decoding", [DecodingSettings(), DecodingSettings(batch_size=4)])
@pytest.mark.parametrize("own", [True, False])
def test_a_gpu_decodes_many_windows_at_once(
    choose: Choose, notes: list[str], own: bool, decoding: DecodingSettings
) -> None:
    device = OWN_GPU if own else UNUSABLE
    engine = choose(own=device, driver=True, system=selected(WORKS), decoding=decoding)
    found = preferred(engine)
    assert type(found) is (BatchedEngine if own else ClipwiseSystemEngine)
    assert (found._device, found.settings.vad_filter) == ("cuda:0", True)
    standby = engine._standby()  # type: ignore[attr-defined]
    assert isinstance(standby, BatchedEngine)
    assert standby._device == "cpu"
    # What one has begun the other can finish.
    assert standby.settings == found.settings
    assert standby.side_by_side is found.side_by_side is True
    assert not any("--batch_size" in note for note in notes)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    "decoding", [DecodingSettings(batch_size=1), DecodingSettings(compute_type="float32")]
)
def test_a_gpu_decodes_one_window_after_the_other_where_that_is_wanted(
    choose: Choose, own: bool, decoding: DecodingSettings
) -> None:
    device = OWN_GPU if own else UNUSABLE
    engine = choose(own=device, driver=True, system=selected(WORKS), decoding=decoding)
    assert type(preferred(engine)) is (LocalEngine if own else SystemEngine)
    assert preferred(engine).settings is decoding
    assert type(engine._standby()) is LocalEngine  # type: ignore[attr-defined]


@pytest.mark.parametrize(("size", "batched"), [(None, False), (1, False), (4, True)])
def test_another_pytorch_on_the_processor_does_so_where_it_is_asked_to(
    choose: Choose, size: int | None, batched: bool
) -> None:
    decoding = DecodingSettings(batch_size=size)
    here = choose(own=PROCESSOR, driver=False, decoding=decoding)
    assert type(here) is (BatchedEngine if batched else LocalEngine)
    system = selected(None)
    child = choose(own=PROCESSOR, driver=False, system=system, backend="system", decoding=decoding)
    assert type(preferred(child)) is (ClipwiseSystemEngine if batched else SystemEngine)
