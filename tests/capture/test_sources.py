"""Which sources there are, of what the tools print, and which one a user means."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from transcriber.capture import sources as module
from transcriber.capture.sources import (
    Source,
    find_source,
    parse_alsa,
    parse_pipewire,
    parse_pulseaudio,
    record_command,
    sources,
)
from transcriber.errors import CaptureError

PULSEAUDIO = """\
Source #0
\tState: SUSPENDED
\tName: alsa_output.pci.stereo.monitor
\tDescription: Monitor of Built-in
\tMonitor of Sink: alsa_output.pci.stereo
\tProperties:
\t\tdevice.description = "Name: no name"

Source #1
\tName: alsa_input.usb-Blue_Yeti-00.stereo
\tDescription: Yeti Stereo: Mikrofon über USB
\tMonitor of Sink: n/a

Source #2
\tName: alsa_input.pci.stereo
\tDescription: Built-in
\tMonitor of Sink: n/a
"""

DEFAULTS = """\
Server Name: pulseaudio
Default Sink: alsa_output.pci.stereo
Default Source: alsa_input.pci.stereo
"""

ALSA = """\
null
    Discard all samples (playback) or generate zero samples (capture)
hw:CARD=PCH,DEV=0
    HDA Intel PCH
    Direct hardware device without any conversions
plughw:CARD=PCH,DEV=0
    HDA Intel PCH, ALC257 Analog
    Hardware device with all software conversions
default
    Default Audio Device
surround51:CARD=PCH,DEV=0
    HDA Intel PCH
"""


def node(kind: str, name: str, description: str | None = None) -> dict[str, object]:
    about = {"media.class": kind, "node.name": name, "node.description": description}
    return {"type": "PipeWire:Interface:Node", "info": {"props": about}}


def default(kind: str, name: str) -> dict[str, object]:
    entry = {"subject": 0, "key": f"default.audio.{kind}", "value": {"name": name}}
    return {"type": "PipeWire:Interface:Metadata", "props": {}, "metadata": [entry]}


PIPEWIRE = json.dumps(
    [
        {"type": "PipeWire:Interface:Core", "info": None},
        node("Video/Source", "camera"),
        node("Audio/Source", "alsa_input.usb", "Yeti"),
        node("Stream/Input/Audio", "firefox", "Firefox"),
        node("Audio/Sink", "hdmi", "HDMI"),
        node("Audio/Sink", "speakers", "Built-in speakers"),
        node("Audio/Source/Virtual", "microphone of the desk", "Desk"),
        node("Audio/Duplex", "bluetooth"),
        default("source", "microphone of the desk"),
        default("sink", "speakers"),
        {"metadata": [{"key": "default.audio.source", "value": None}]},
    ]
)


def some(*names: str, tool: str = "parec") -> tuple[Source, ...]:
    return tuple(
        Source(tool=tool, name=name, description=name.upper(), is_system=name.endswith(".monitor"))
        for name in names
    )


def test_pipewire() -> None:
    found = [(one.name, one.description, one.is_system) for one in parse_pipewire(PIPEWIRE)]
    assert found == [
        ("speakers.monitor", "Monitor of Built-in speakers", True),
        ("microphone of the desk", "Desk", False),
        ("alsa_input.usb", "Yeti", False),
        ("hdmi.monitor", "Monitor of HDMI", True),
        ("bluetooth", "bluetooth", False),
    ]


@pytest.mark.parametrize("dump", ["", "no JSON", "[1]"])
def test_pipewire_that_tells_nothing(dump: str) -> None:
    assert parse_pipewire(dump) == []


def test_pulseaudio() -> None:
    found = parse_pulseaudio(PULSEAUDIO, DEFAULTS)
    assert [(one.name, one.description, one.is_system) for one in found] == [
        ("alsa_output.pci.stereo.monitor", "Monitor of Built-in", True),
        ("alsa_input.pci.stereo", "Built-in", False),
        ("alsa_input.usb-Blue_Yeti-00.stereo", "Yeti Stereo: Mikrofon über USB", False),
    ]


def test_alsa_tells_what_converts() -> None:
    assert [(one.name, one.description) for one in parse_alsa(ALSA)] == [
        ("default", "Default Audio Device"),
        (
            "plughw:CARD=PCH,DEV=0",
            "HDA Intel PCH, ALC257 Analog, Hardware device with all software conversions",
        ),
    ]


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("microphone", "a"),
        ("system", "x.monitor"),
        ("a", "a"),
        ("AB", "ab"),
        ("ab c", "ab c"),
        ("y.m", "y.monitor"),
        ("Y", "y.monitor"),
    ],
)
def test_a_source_is_found(monkeypatch: pytest.MonkeyPatch, wanted: str, name: str) -> None:
    found = some("x.monitor", "a", "ab", "ab c", "y.monitor")
    monkeypatch.setattr(module, "sources", lambda: found)
    assert find_source(wanted).name == name
    assert find_source(wanted).follows == (wanted == "system")


@pytest.mark.parametrize(
    ("found", "wanted", "message"),
    [
        (
            some("a", "ab"),
            "c",
            "there is no 'c': choose microphone, system or one of 'a' (A), 'ab' (AB)",
        ),
        (
            some("big", "bag", "c"),
            "b",
            "more than one source is 'b': choose microphone, system or one of"
            " 'big' (BIG), 'bag' (BAG)",
        ),
        (
            some("a.monitor"),
            "microphone",
            "there is no 'microphone': choose microphone, system or one of 'a.monitor' (A.MONITOR)",
        ),
        (
            some("default", tool="arecord"),
            "system",
            "arecord cannot record what the computer plays:"
            " install pipewire-bin or pulseaudio-utils",
        ),
    ],
)
def test_no_such_source(
    monkeypatch: pytest.MonkeyPatch, found: tuple[Source, ...], wanted: str, message: str
) -> None:
    monkeypatch.setattr(module, "sources", lambda: found)
    with pytest.raises(CaptureError) as caught:
        find_source(wanted)
    assert str(caught.value) == message


def test_neither_tools_nor_sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CaptureError) as caught:
        find_source("microphone")
    assert str(caught.value) == (
        "there is nothing to record from: install pipewire-bin, pulseaudio-utils or alsa-utils"
    )
    # It may be the name of a file, with a slip.
    with pytest.raises(CaptureError, match=r"'talk\.mp3' is no file, and there is nothing to"):
        find_source("talk.mp3")
    tool(tmp_path, "parec", "")
    tool(tmp_path, "pactl", "echo 'Connection refused' >&2; exit 1")
    tool(tmp_path, "arecord", "")
    with pytest.raises(CaptureError) as caught:
        find_source("microphone")
    assert "see why parec and arecord cannot reach a sound server" in str(caught.value)


def test_a_server_without_sound_leaves_it_to_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    tool(tmp_path, "pw-record", "")
    # PipeWire for the screen only, beside PulseAudio.
    tool(tmp_path, "pw-dump", f"echo '{json.dumps([node('Video/Source', 'camera')])}'")
    tool(tmp_path, "parec", "")
    tool(tmp_path, "pactl", '[ "$LC_ALL $1" = "C list" ] && printf "Source #1\\n\\tName: a\\n"')
    assert [(one.tool, one.name) for one in sources()] == [("parec", "a")]


@pytest.mark.parametrize(("text", "raw"), [("--rate", []), ("-a, --raw  RAW mode", ["--raw"])])
def test_pipewire_is_asked_for_no_header(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, raw: list[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    tool(tmp_path, "pw-record", f'[ "$1" = --help ] && echo "{text}"')
    source = Source(tool="pw-record", name="a b.monitor", description="", is_system=True)
    command = record_command(source)
    assert command[1:-1][: len(raw)] == raw
    assert ("--raw" in command) == bool(raw)
    assert command[command.index("--target") + 1] == "a b"
    assert "stream.capture.sink = true" in command[-2]


def test_a_microphone_of_pipewire_may_have_the_name_of_a_monitor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    command = record_command(Source(tool="pw-record", name="a.monitor", description=""))
    assert command[command.index("--target") + 1] == "a.monitor"
    assert "capture" not in command[-2]
    assert "node.dont-reconnect = true" in command[-2]


def tool(folder: Path, name: str, code: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{code}\n")
    path.chmod(0o755)
