"""Whatever is wrong with a GPU: one line says why, and the processor writes the same files.

Each case is a whole run of the program, with a driver's library that the test compiles and breaks,
an add-on that does not load, or a GPU that computes on the processor and fails in the middle.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from alike import same_files
from conftest import PROGRAM_VARIABLE, REPOSITORY, program
from machine.fake_driver import COMPILER, build_driver, compile_library, damage, with_driver
from utterance import Utterance

from transcriber.choosing.device import choose_device

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(COMPILER is None, reason="no C compiler to make broken drivers with"),
]
on_sources = pytest.mark.skipif(
    PROGRAM_VARIABLE in os.environ, reason="the fake GPU changes the Python of the sources"
)

SHIM = REPOSITORY / "tests" / "fake_gpu"
HANG_SECONDS = "6"
"""Enough for a trial that works on a busy machine; only trials that hang take so long."""

NOT_USABLE = "using the processor: cuda:0 is not usable: "


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fault that a GPU has at the start.

    Attributes
    ----------
    reason : str
        A regular expression for the reason that is told.
    driver : str
        What the fake driver does: see ``fake_driver.c``.
    flags : tuple of str
        What it is compiled with.
    damage : str
        How its file is damaged: see `machine.fake_driver.damage`.
    variables : mapping
        Further environment variables.
    add_on : str
        How the add-on is broken; without one there is none.
    """

    reason: str
    driver: str = ""
    flags: tuple[str, ...] = ()
    damage: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    add_on: str = ""


def hang(what: str) -> Case:
    return Case(
        driver=what,
        reason=f"the probe did not answer within {HANG_SECONDS} s",
        variables={"TRANSCRIBER_PROBE_TIMEOUT": HANG_SECONDS},
    )


DRIVERS = {
    "no GPU": Case(driver="init=100", reason=r".*kernel module is not loaded.*|.* finds no GPU .*"),
    "hidden by the user": Case(
        variables={"CUDA_VISIBLE_DEVICES": "-1"},
        reason=r"the driver finds no GPU, with CUDA_VISIBLE_DEVICES='-1' \(CUDA error 100\)",
    ),
    "unknown error": Case(
        driver="init=999", reason=r".*kernel module is not loaded.*|the driver does not start.*"
    ),
    "versions differ": Case(
        driver="init=803", reason=r".* are of different versions \(CUDA error 803\).*"
    ),
    "too old for its own library": Case(
        driver="init=35", reason=r"the driver is too old \(CUDA error 35\).*"
    ),
    "exclusive use": Case(driver="init=46", reason=r"the GPU is in use .*\(CUDA error 46\)"),
    "no fabric manager": Case(driver="init=802", reason=r".*fabric manager.*\(CUDA error 802\)"),
    "toolkit's stub": Case(driver="init=34", reason=r".*stub.*\(CUDA error 34\)"),
    "forward compatibility": Case(driver="init=804", reason=r".*compatibility.*804\)"),
    "no memory at all": Case(driver="init=2", reason=r"the GPU is out of memory \(CUDA error 2\)"),
    "no such error": Case(driver="init=12345", reason=r"the driver refuses \(CUDA error 12345\)"),
    "GPU not handed out": Case(driver="get=214", reason=r".*uncorrectable error.*214\)"),
    "driver too old": Case(
        driver="version=11040",
        add_on="whole",
        reason=r"the driver is too old, for CUDA 11\.4 instead of 12\.4: 525\.60\.13 or later.*",
    ),
    "architecture too old": Case(
        driver="capability=61", reason=r".*capability is 6\.1, and 7\.0.*"
    ),
    "count of none": Case(driver="count=0", reason=r"there is no cuda:0: .* shows no GPU"),
    "compute mode": Case(driver="mode=2", reason=r"the GPU's compute mode forbids its use.*"),
    "crash": Case(driver="crash", reason="the probe ended by SIGSEGV"),
    "abort": Case(driver="abort", reason="the probe ended by SIGABRT"),
    "exit": Case(driver="exit", reason="the probe ended with exit code 3"),
    "hang": hang("hang"),
    "crash when loaded": Case(driver="load-crash", reason="the probe ended by SIGSEGV"),
    "exit when loaded": Case(driver="load-exit", reason="the probe ended with exit code 3"),
    "hang when loaded": hang("load-hang"),
    "flood": Case(driver="load-flood", reason="the probe gave no readable answer"),
    "crash at the end": Case(driver="end-crash", reason="the probe ended by SIGSEGV"),
    "hang at the end": hang("end-hang"),
    "no cuInit": Case(flags=("-DNO_INIT",), reason=r"the driver library is broken \(.*cuInit\)"),
    "no cuDeviceGetCount": Case(flags=("-DNO_COUNT",), reason=r".*broken.*cuDeviceGetCount\)"),
    "empty library": Case(damage="empty", reason=r".*cannot be loaded \(.*file too short\)"),
    "library of text": Case(damage="text", reason=r".*cannot be loaded \(.*invalid ELF header\)"),
    "half a library": Case(damage="short", reason=r".*cannot be loaded \(.*\)"),
    "library of 32 bits": Case(damage="32 bit", reason=r".*cannot be loaded \(.*wrong ELF class.*"),
    "library of another processor": Case(damage="arm", reason=r".*driver.*libcuda\.so\.1.*"),
}

ADD_ONS = {
    "none": Case(reason=r"the CUDA add-on is missing \(there is no CUDA add-on at \S+\.so\)"),
    "empty": Case(add_on="empty", reason=r".*add-on.*cut off.*"),
    "short": Case(add_on="short", reason=r".*add-on.*cut off.*"),
    "text": Case(add_on="text", reason=r".*add-on.*is no library for this processor.*"),
    "32 bits": Case(add_on="32 bit", reason=r".*add-on.*is no library for this processor.*"),
    "another processor": Case(add_on="arm", reason=r".*add-on is no library for this processor.*"),
    "symbol missing": Case(add_on="symbol", reason=r".*add-on does not fit this program.*"),
    "another build": Case(add_on="version", reason=r".*add-on is of another build.*"),
    "another module": Case(add_on="module", reason=r"the CUDA add-on is another module.*"),
    "crash": Case(add_on="crash", reason="the probe ended by SIGSEGV"),
}


class Machine:
    """Runs the program on a machine with a GPU's driver."""

    def __init__(self, folder: Path, models: Path) -> None:
        self.folder = folder
        self._models = models

    def transcribe(
        self,
        name: str,
        *inputs: Path | str,
        environment: Mapping[str, str],
        options: tuple[str, ...] = (),
        device: str = "cuda",
        model: str = "tiny.en",
        stdin: Path | None = None,
    ) -> tuple[dict[str, bytes], list[str]]:
        """Return the files and the lines on standard error of a run that must end well."""
        output = self.folder / name
        arguments = [*map(str, inputs), "-o", str(output), "--model_dir", str(self._models)]
        arguments += ["--model", model, "--beam_size", "None", "--threads", "1"]
        # What the GPU's stand-in computes in, so that both write the same.
        arguments += ["--compute_type", "float32"]
        arguments += ["--device", device, "--backend", "own", "--verbose", "False", *options]
        with open(stdin or os.devnull, "rb") as stream:
            done = subprocess.run(
                program(arguments),
                env={**environment, "XDG_CACHE_HOME": str(self.folder / "cache")},
                stdin=stream,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
        # That the type is for the processor alone is said where a GPU is used; each recording's
        # end is told, too.
        lines = [
            line
            for line in done.stderr.splitlines()
            if not line.startswith("--compute_type") and "; wrote " not in line
        ]
        return {path.name: path.read_bytes() for path in output.iterdir()}, lines


@pytest.fixture
def machine(tmp_path: Path, models: Path) -> Machine:
    return Machine(tmp_path, models)


@pytest.fixture(scope="module")
def recording(utterances: list[Utterance], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording of two windows."""
    path = tmp_path_factory.mktemp("speech") / "two windows.wav"
    with wave.open(str(path), "wb") as whole:
        for utterance in 2 * utterances:
            with wave.open(str(utterance.path), "rb") as part:
                if not whole.tell():
                    whole.setparams(part.getparams())
                whole.writeframes(part.readframes(part.getnframes()))
    return path


References = Callable[..., dict[str, bytes]]


@pytest.fixture(scope="module")
def reference(models: Path, tmp_path_factory: pytest.TempPathFactory) -> References:
    """Return a function that gives the files of a run on the processor, made once."""
    made: dict[object, dict[str, bytes]] = {}

    def files(
        *inputs: Path, options: tuple[str, ...] = (), model: str = "tiny.en"
    ) -> dict[str, bytes]:
        key = inputs, options, model
        if key not in made:
            machine = Machine(tmp_path_factory.mktemp("reference"), models)
            made[key], lines = machine.transcribe(
                "files", *inputs, environment=os.environ, options=options, device="cpu", model=model
            )
            assert not [line for line in lines if "processor" in line]
        return made[key]

    return files


def start_environment(case: Case, folder: Path) -> dict[str, str]:
    """Return the environment of a machine whose GPU has this fault at the start."""
    driver = build_driver(folder / "driver", *case.flags)
    if case.damage:
        damage(driver / "libcuda.so.1", case.damage)
    variables = {"TRANSCRIBER_PROBE_TIMEOUT": "100", "PYTHONPATH": str(SHIM), **case.variables}
    variables["TORCH_CUDA_ADDON"] = str(make_add_on(case.add_on, folder))
    return with_driver(driver, case.driver, **variables)


def make_add_on(how: str, folder: Path) -> Path:
    """Make an add-on that is broken in some way; return where it would be if there is none."""
    path = folder / "libtorch_cuda.so"
    if not how:
        return path
    sources = {
        "symbol": "void nobody_has_this(void); void *PyInit__cuda(void) "
        "{ nobody_has_this(); return 0; }",
        "version": "void part_of_torch(void); void *PyInit__cuda(void) "
        "{ part_of_torch(); return 0; }",
        "module": "int answer = 42;",
        "crash": "#include <signal.h>\n__attribute__((constructor)) static void load(void) "
        "{ signal(SIGSEGV, SIG_DFL); raise(SIGSEGV); }",
        # Enough of one to be asked which CUDA it is made for.
        "whole": "#include <Python.h>\n"
        "static PyObject *versions(PyObject *self, PyObject *none) "
        '{ return Py_BuildValue("(ii)", 0, 12040); }\n'
        'static PyMethodDef methods[] = {{"versions", versions, METH_NOARGS, 0}, {0}};\n'
        'static struct PyModuleDef it = {PyModuleDef_HEAD_INIT, "_cuda", 0, -1, methods};\n'
        "PyMODINIT_FUNC PyInit__cuda(void) { return PyModule_Create(&it); }",
    }
    source = folder / "add_on.c"
    source.write_text(sources.get(how, sources["module"]))
    flags: tuple[str, ...] = ()
    if how == "version":
        flags = link_to_other_build(folder)
    elif how == "whole":
        import sysconfig  # noqa: PLC0415

        flags = (f"-I{sysconfig.get_path('include')}",)
    elif how == "symbol":
        # Bound when the library is loaded, as Python does with extension modules.
        flags = ("-Wl,-z,now",)
    compile_library(source, path, *flags)
    return damage(path, how) if how in {"empty", "short", "text", "32 bit", "arm"} else path


def link_to_other_build(folder: Path) -> tuple[str, ...]:
    """Make a library of two builds, which differ in the version of its symbols; keep the later."""
    (folder / "torch.c").write_text("void part_of_torch(void) {}\n")
    library = folder / "libpart_of_torch.so"
    named = "-Wl,-soname,libpart_of_torch.so"
    for build in ("WHISPER_1111", "WHISPER_2222"):
        script = folder / f"{build}.map"
        script.write_text(f"{build} {{ global: *; }};\n")
        target = library if build == "WHISPER_1111" else folder / "later.so"
        compile_library(folder / "torch.c", target, named, f"-Wl,--version-script={script}")
    # The linker is to see the first, and the loader the second.
    (folder / "first").mkdir()
    library.rename(folder / "first" / library.name)
    (folder / "later.so").rename(library)
    return (f"-L{folder / 'first'}", "-lpart_of_torch", f"-Wl,-rpath,{folder}", "-Wl,-z,now")


@pytest.mark.parametrize("name", DRIVERS)
def test_driver(
    machine: Machine, utterances: list[Utterance], reference: References, name: str
) -> None:
    check_start(DRIVERS[name], machine, utterances[0].path, reference)


@pytest.mark.parametrize("name", ADD_ONS)
def test_add_on(
    machine: Machine, utterances: list[Utterance], reference: References, name: str
) -> None:
    check_start(ADD_ONS[name], machine, utterances[0].path, reference)


def check_start(case: Case, machine: Machine, recording: Path, reference: References) -> None:
    environment = start_environment(case, machine.folder)
    files, lines = machine.transcribe("files", recording, environment=environment, device="cuda")
    assert len(lines) == 1, lines
    assert lines[0].startswith(NOT_USABLE)
    reason = lines[0].removeprefix(NOT_USABLE)
    assert re.fullmatch(case.reason, reason), reason
    assert files == reference(recording)
    if PROGRAM_VARIABLE in os.environ:
        return
    # The other way to ask for a GPU ends in the same choice.
    device = choose_device(environment=environment, cache=machine.folder / "device.json")
    assert (device.kind, device.fallback) == ("cpu", True)
    assert re.fullmatch(case.reason, device.reason.partition(" is not usable: ")[2])


def test_no_driver_at_all(
    machine: Machine, utterances: list[Utterance], reference: References
) -> None:
    """``auto`` has nothing to say then; ``cuda`` does."""
    environment = with_driver(machine.folder, PYTHONPATH=str(SHIM))
    for device, lines in (
        ("auto", []),
        ("cuda", [NOT_USABLE + "no NVIDIA driver is installed (libcuda.so.1 is not found)"]),
    ):
        files, told = machine.transcribe(
            device, utterances[0].path, environment=environment, device=device
        )
        assert files == reference(utterances[0].path)
        assert told == lines


def gpu_environment(machine: Machine, **settings: object) -> dict[str, str]:
    """Return the environment of a machine whose GPU works, until it does not."""
    folder = machine.folder / "driver"
    driver = folder if folder.exists() else build_driver(folder)
    settings["used_after_failure"] = str(machine.folder / "used after failure")
    return with_driver(
        driver,
        PYTHONPATH=str(SHIM),
        FAKE_GPU=json.dumps(settings),
        TRANSCRIBER_PROBE_TIMEOUT="100",
    )


def went_on(machine: Machine, lines: list[str], expected: str) -> None:
    """Check the one line, and that what failed was not asked again.

    Nor was it at the end: the exit code, which `Machine.transcribe` checks, would be another.
    """
    assert len(lines) == 1, lines
    assert re.fullmatch(expected, lines[0]), lines[0]
    assert not (machine.folder / "used after failure").exists()


BEGIN = "the processor is used instead"
FIRST = "the processor goes on from the beginning"
LATER = r"the processor goes on at 0:[2-5]\d"

WORDS = ("--word_timestamps", "True")

FAULTS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "load:1:memory": ("out of memory", BEGIN, ()),
    "load:1:busy": (r"CUDA-capable device\(s\) is/are busy or unavailable", BEGIN, ()),
    "load:1:lost": ("unknown error", BEGIN, ()),
    "encoder:1:launch": ("unspecified launch failure", FIRST, ()),
    "encoder:1:image": ("no kernel image is available for execution on the device", FIRST, ()),
    "encoder:1:nan": ("it miscalculates the encoder's output", FIRST, ()),
    "encoder:1:zeros": ("it miscalculates the encoder's output", FIRST, ()),
    "encoder:1:memory+": ("out of memory", FIRST, ()),
    "encoder:1:unknown operator": ("Could not run 'aten::x' .*", FIRST, ()),
    "encoder:2:address": ("an illegal memory access was encountered", LATER, ()),
    "encoder:2:ecc": ("uncorrectable ECC error encountered", LATER, ()),
    "encoder:2:nan": ("it miscalculates the encoder's output", LATER, ()),
    "encoder:2:memory+": ("out of memory", LATER, ()),
    "decoder:1:launch": ("unspecified launch failure", FIRST, ()),
    "decoder:1:product": ("CUBLAS_STATUS_EXECUTION_FAILED .*", FIRST, ()),
    "decoder:5:nan+": ("it miscalculates the text's probability", FIRST, ()),
    "decoder:120:lost": ("unknown error", LATER, ()),
    "decoder:120:assert": ("device-side assert triggered", LATER, ()),
    "decoder:120:timeout": ("the launch timed out and was terminated", LATER, ()),
    "decoder:120:instruction": ("an illegal instruction was encountered", LATER, ()),
    "decoder:120:memory+": ("out of memory", LATER, ()),
    # With word timestamps the encoder runs twice a window: here in the alignment.
    "encoder:2:launch": ("unspecified launch failure", FIRST, WORDS),
    "encoder:4:memory+": ("out of memory", LATER, WORDS),
    "encoder:2:nan+": (r"it miscalculates the times of the words|.*", FIRST, WORDS),
}


@on_sources
@pytest.mark.parametrize("fault", FAULTS)
def test_gpu_that_fails_later(
    machine: Machine, recording: Path, reference: References, fault: str
) -> None:
    reason, what_now, options = FAULTS[fault]
    files, lines = machine.transcribe(
        "files",
        recording,
        environment=gpu_environment(machine, fault=fault),
        options=options,
        device="auto",
    )
    went_on(machine, lines, f"cuda:0 failed: {reason}; {what_now}")
    expected = reference(recording, options=options)
    # Where the GPU has decoded a part, the last digits of probabilities are its own.
    assert same_files(files, expected) if what_now == LATER else files == expected


@on_sources
@pytest.mark.parametrize("fault", ["encoder:2:memory", "decoder:100:memory", "trial:9:launch", ""])
def test_gpu_that_recovers_or_never_fails(
    machine: Machine, recording: Path, reference: References, fault: str
) -> None:
    """Memory that runs out once is found by giving back what torch hoards."""
    environment = gpu_environment(machine, fault=fault)
    files, lines = machine.transcribe("files", recording, environment=environment)
    assert lines == []
    assert same_files(files, reference(recording))


@on_sources
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("trial:1:launch", "CUDA error: unspecified launch failure"),
        ("trial:1:memory", "CUDA out of memory.*"),
        ("trial:2:wrong", "its float32 product is off by .*"),
        ("trial:4:nan", "its float16 product is off by nan"),
    ],
)
def test_gpu_that_fails_in_the_trial(
    machine: Machine, utterances: list[Utterance], reference: References, fault: str, reason: str
) -> None:
    environment = gpu_environment(machine, fault=fault)
    files, lines = machine.transcribe("files", utterances[0].path, environment=environment)
    went_on(machine, lines, NOT_USABLE + reason)
    assert files == reference(utterances[0].path)


@on_sources
def test_gpu_that_is_too_full(
    machine: Machine, utterances: list[Utterance], reference: References
) -> None:
    environment = gpu_environment(machine, free=10 << 20, fault="load:1:launch")
    files, lines = machine.transcribe("files", utterances[0].path, environment=environment)
    # The fault shows that nothing was loaded onto it.
    went_on(
        machine,
        lines,
        r"cuda:0 failed: 10 MB of its memory are free, and the model tiny\.en needs more than "
        r"75 MB; the processor is used instead",
    )
    assert files == reference(utterances[0].path)


@on_sources
def test_gpu_that_fails_when_it_detects_the_language(
    machine: Machine, utterances: list[Utterance], reference: References
) -> None:
    environment = gpu_environment(machine, fault="decoder:1:nan")
    files, lines = machine.transcribe(
        "files", utterances[0].path, environment=environment, model="base"
    )
    told, language = lines
    assert told == (
        "cuda:0 failed: it miscalculates the languages; the processor goes on from the beginning"
    )
    assert language.startswith("Detected language: English (")
    assert files == reference(utterances[0].path, model="base")


@on_sources
def test_recordings_that_follow_stay_on_the_processor(
    machine: Machine, utterances: list[Utterance], reference: References
) -> None:
    paths = [utterance.path for utterance in utterances[:3]]
    environment = gpu_environment(machine, fault="encoder:2:launch")
    files, lines = machine.transcribe("files", *paths, environment=environment)
    summary = lines.pop()
    assert summary.startswith("3 transcribed")
    went_on(machine, lines, f"cuda:0 failed: unspecified launch failure; {FIRST}")
    assert same_files(files, reference(*paths))


@on_sources
def test_standard_input_is_read_once(
    machine: Machine, long_recording: Path, reference: References
) -> None:
    environment = gpu_environment(machine, fault="encoder:2:launch")
    files, lines = machine.transcribe("files", "-", environment=environment, stdin=long_recording)
    went_on(machine, lines, f"cuda:0 failed: unspecified launch failure; {LATER}")
    expected = reference(long_recording)
    assert [files[f"stdin.{ending}"] for ending in ("txt", "srt")] == [
        expected[f"{long_recording.stem}.{ending}"] for ending in ("txt", "srt")
    ]


@on_sources
def test_a_trial_that_was_remembered_is_made_again_after_a_failure(
    machine: Machine, utterances: list[Utterance]
) -> None:
    remembered = machine.folder / "cache/whisper-transcriber/device.json"
    path = utterances[0].path
    machine.transcribe("first", path, environment=gpu_environment(machine))
    assert '"works"' in remembered.read_text()
    machine.transcribe("second", path, environment=gpu_environment(machine, fault="load:1:lost"))
    assert not remembered.exists()


@on_sources
def test_a_run_that_fell_back_and_was_killed_is_continued(
    machine: Machine, long_recording: Path, reference: References
) -> None:
    """What the GPU had decoded is not decoded again, on a machine that has lost it."""
    environment = gpu_environment(machine, fault="encoder:3:launch")
    output = machine.folder / "files"
    arguments = [str(long_recording), "-o", str(output), "--model_dir", str(machine._models)]
    arguments += ["--model", "tiny.en", "--beam_size", "None", "--threads", "1", "--verbose"]
    arguments += ["False", "--backend", "own", "--progress", "json", "--device", "cuda"]
    arguments += ["--compute_type", "float32"]
    child = subprocess.Popen(program(arguments), env=environment, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    for line in child.stderr:
        if "goes on at" in line:
            break
    child.kill()
    child.wait()
    (journal,) = output.glob("*.transcriber-journal")
    assert len(journal.read_text().splitlines()) >= 3
    # Now without a GPU.
    files, lines = machine.transcribe("files", long_recording, environment=os.environ, device="cpu")
    assert len(lines) == 1
    assert re.search(r"continues at (0:[3-5]\d|1:\d\d), where an earlier run stopped", lines[0])
    assert same_files(files, reference(long_recording))
