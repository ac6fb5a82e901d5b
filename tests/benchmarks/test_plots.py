"""The plots, and what is in them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from xml.etree import ElementTree

import example_results as example
from benchmarks.figures import Series
from benchmarks.judging.history import Entry, entry_of
from benchmarks.report.drawing import OTHERS, OURS, REFERENCE, Drawing, lines_of
from benchmarks.report.measurements import Measurement, measurements
from benchmarks.report.plots import cost_plot, history_plots, ratio_plot
from benchmarks.report.treemap import components_with_files, components_with_objects, treemap

SVG = "{http://www.w3.org/2000/svg}"
NASTY = 'a <b> & "c" $d_e$'
NOW = entry_of(example.results())


def texts(drawing: Drawing | None) -> list[str]:
    """Return what is written in a plot; parsing shows that it is well-formed."""
    assert drawing
    root = ElementTree.fromstring(drawing.svg)  # noqa: S314 - our own text
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def measured(groups: list[list[Series]] | None = None) -> list[Measurement]:
    """Return one configuration of speed."""
    found = measurements(example.results(groups=groups), "speed")
    return [one for one in found if one.parts[1:] == ["greedy", "one thread"]]


def speed(length: str, audio: float, factors: dict[str, float]) -> list[Series]:
    return example.made(f"speed/{length}/greedy/one thread", factors, audio, audio_seconds=audio)


def bars(groups: list[list[Series]] | None = None) -> Drawing:
    drawing = ratio_plot(measured(groups), {"native"}, "How quick")
    assert drawing
    return drawing


def larger(number: int, factor: float = 2, held: str = "", **others: str) -> Entry:
    """Return an earlier run in which the figures that are so named were larger."""
    figures = {
        name: value * (factor if name.startswith(held) else 1)
        for name, value in NOW.figures.items()
    }
    return dataclasses.replace(NOW, revision=f"{number:040}", figures=figures, **others)


def history_of(held: Sequence[str], history: list[Entry]) -> list[Drawing]:
    return history_plots(example.results(), history, held)


def test_bars_have_names_ratios_and_colours() -> None:
    written = texts(bars())
    for one in measured():
        assert one.title in written
        for figure in one.ratios.values():
            assert f"{figure.value:.{3 if figure.value < 1 else 2}f}" in written
    assert {*example.SPEEDS, "1.00", "by openai-whisper; less is better"} <= set(written)
    first, *_ = measured()
    several = dataclasses.replace(first, ratios=dict(list(first.ratios.items())[:1]))
    assert (first.reference, several.reference) == (example.REFERENCE, None)
    filled = [bars().svg.count(f"fill: {colour}") for colour in (OURS, OTHERS, REFERENCE)]
    assert filled == [3, 3 * (len(example.SPEEDS) - 2), 3]


def test_one_round_has_no_interval() -> None:
    drawn = [bars(example.all_series(rounds=rounds)).svg.count("<path") for rounds in (3, 1)]
    assert drawn[0] - drawn[1] > 3 * (len(example.SPEEDS) - 1)


def test_names_are_written_as_they_are() -> None:
    factors = {NASTY: 0.5, "two words " * 9: 0.7, "base": 1.0}
    written = texts(bars([speed("a", 3, factors)]))
    assert {NASTY, "two words two words two words two words…"} <= set(written)
    assert f"{NASTY}, 10 B" in texts(treemap({NASTY: {"x": 10}}, "t"))


def test_what_would_show_nothing_is_no_plot() -> None:
    short = speed("short", 9, {"native": 1.0})
    # Many recordings are not one that is longer.
    for groups in ([short], [short, speed("many", 300, {"native": 1.0})]):
        assert cost_plot(measured(groups), (), "t") is None
    assert ratio_plot([], (), "t") is None
    assert treemap({"a": {}, "b": {"c": 0}}, "t") is None
    assert history_of(["size/wheel"], [NOW]) == []


def test_cost_has_a_line_for_each_subject_and_names_the_lengths() -> None:
    cost = cost_plot(measured(example.all_series(rounds=1)), {"native"}, "The cost")
    assert {*example.SPEEDS, "real time", "10 s", "30 min"} <= set(texts(cost))
    assert len({str(look) for look in lines_of(map(str, range(16))).values()}) == 16


def test_history_is_by_the_first_value_and_shows_what_changed_most() -> None:
    (artefacts,) = history_of(["size/wheel"], [larger(number) for number in range(40)])
    assert artefacts.told == "The last by the first. wheel: 0.500."
    assert 5 < sum(len(text) == 8 for text in texts(artefacts)) <= 12
    held = [name for name in NOW.figures if name.startswith("size/ultra-lean folder/")]
    (components,) = history_of(held, [larger(0, 4, "size/ultra-lean folder/TLS")])
    assert components.title == "Sizes of components, the 8 that changed most"
    assert "ultra-lean folder, TLS: 0.250" in components.told
    assert components.told.count("ultra-lean folder") == 8


def test_history_compares_ratios_of_one_processor_and_sizes_of_all() -> None:
    held = ["size/wheel", "speed/short/greedy/one thread/native"]
    assert len(history_of(held, [larger(0)])) == 2
    (sizes,) = history_of(held, [larger(0, processor="another")])
    assert sizes.title == "Sizes of artefacts"


def test_components_are_divided_into_their_files() -> None:
    sizes = example.sizes()["ultra-lean folder"]
    groups = components_with_files(sizes)
    assert {name: sum(files.values()) for name, files in groups.items()} == sizes.components
    assert groups["tokenizer"]["whisper/assets/gpt2.tiktoken"] == 835_554
    assert groups["torch"]["in no file of its own"] == 15_980_000 - 13_800_000 - 180_000
    image = components_with_files(example.sizes()["ultra-lean AppImage"])
    assert image["AppImage runtime"] == {"AppImage runtime": 64_128}


def test_object_files_are_of_the_component_of_their_program() -> None:
    groups = components_with_objects(example.sizes()["ultra-lean folder"])
    assert groups["_C.so"]["OpenBLAS"] == {"openblas/dgemm.o": 1_900_000}
    assert groups["_C.so"]["linker's tables"] == {"linker's tables": 569_711}
    assert groups["transcriber.bin"] == {
        "TLS": {"libcrypto.a(aes.o)": 2_100_000},
        "application": {"module.transcriber.engine.o": 910_000, "constants/": 31_000},
        "torch": {"constants/torch/overrides.py": 212_872},
        "Python runtime": {"constants/asyncio/tasks.py": 96_000},
        # What is of no object file is a group of its own.
        "linker's tables": {"linker's tables": 1_189_802},
        "merged constants": {"merged constants": 445_563},
        "headers and padding": {"headers and padding": 246_185},
    }


def rectangles(drawing: Drawing | None, border: str) -> list[tuple[str, float]]:
    """Return the colours and the areas of the rectangles that have such a border."""
    assert drawing
    found = re.findall(
        r'd="M ([\d.]+) ([\d.]+) \nL ([\d.]+) [\d.]+ \nL [\d.]+ ([\d.]+) [^"]*"[^>]*'
        rf'style="fill: (#\w+); stroke: #ffffff; stroke-width: {border};',
        drawing.svg,
    )
    return [
        (colour, abs((float(right) - float(left)) * (float(bottom) - float(top))))
        for left, top, right, bottom, colour in found
    ]


def test_areas_are_bytes_and_a_component_has_one_colour() -> None:
    large = treemap({"torch": {"a": 6_000_000}, "odd": {"c": 2_000_000}}, "t")
    small = treemap({"ffmpeg": {"b": 20}, "torch": {"a": 8}}, "t")
    assert large
    assert large.told == "Areas are bytes: torch 6.00 MB (75.0 %), odd 2.00 MB (25.0 %)."
    (torch, more), (odd, less) = rectangles(large, "1.6")
    assert abs(more - 3 * less) < 1
    (ffmpeg, _), (again, _) = rectangles(small, "1.6")
    assert torch == again
    assert len({torch, odd, ffmpeg}) == 3


def test_small_things_are_one_rectangle_and_no_name_leaves_its_own() -> None:
    files = {"large": 1_000_000, **{f"small {number}": 100 for number in range(5000)}}
    drawing = treemap({"a": files, "b": {"y": 1_000_000}}, "t")
    assert len(rectangles(drawing, "0.6")) == 2
    assert "5000 more" in texts(drawing)
    assert drawing
    assert len(set(re.findall(r"<g clip-path=\S+", drawing.svg))) == 4
