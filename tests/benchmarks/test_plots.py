"""The plots: what is in them, and that several of them stand in one page."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

import example_results as example
from benchmarks.figures import Results
from benchmarks.judging.history import Entry, entry_of
from benchmarks.report.history_plots import history_plots
from benchmarks.report.measurements import by_configuration, measurements
from benchmarks.report.plot_style import COLOURS, GREY, Look, looks
from benchmarks.report.plots import cost_plot, history_plot, ratio_plot
from benchmarks.report.treemap import components_with_files, components_with_objects, treemap

SVG = "{http://www.w3.org/2000/svg}"
BOLD = FontProperties(weight="bold")
NASTY = 'a <b> & "c" $d_e$'


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own text


def texts(svg: str) -> list[str]:
    """Return what is written in a plot; parsing shows that it is well-formed."""
    root = parsed(svg)
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def speed_plot(found: Results, key: str = "speed", ours: tuple[str, ...] = ("native",)) -> str:
    group = measurements(found, "speed")[:3]
    titles = [one.name for one in group]
    return ratio_plot(group, titles, looks(found, ours), key=key, title="How quick")


def cost(found: Results) -> str:
    group = by_configuration(measurements(found, "speed"))["greedy", "one thread"]
    return cost_plot(group, looks(found, ["native"]), key="cost", title="What it costs")


def earlier(count: int) -> list[Entry]:
    now = entry_of(example.results())
    return [
        dataclasses.replace(
            now,
            revision=f"{number:040x}",
            date=f"2026-10-{number + 1:02}T00:00:00+00:00",
            figures={name: value * (2 - number / 20) for name, value in now.figures.items()},
        )
        for number in range(count)
    ]


def changes(count: int) -> str:
    figures = {"size/wheel": "the wheel", "size/ultra-lean folder": "the folder"}
    return history_plot(earlier(count), figures, key="history", title="Sizes")


def all_plots() -> list[str]:
    found = example.results()
    sizes = found.sizes["ultra-lean folder"]
    return [
        speed_plot(found),
        cost(found),
        changes(4),
        treemap(components_with_files(sizes), key="files", title="Files"),
        treemap(components_with_objects(sizes)["_C.so"], key="objects", title="Objects"),
    ]


def test_plots_can_stand_in_one_page() -> None:
    identifiers: list[str] = []
    for svg in all_plots():
        assert svg.startswith("<svg ")
        assert svg.endswith("</svg>\n")
        own = re.findall(r' id="([^"]*)"', svg)
        used = re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)|aria-\w+="([^"]*)"', svg)
        assert {name for names in used for name in names if name} <= set(own)
        # The name space is an identifier; nothing is fetched from there.
        assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
        # A style sheet in one plot would count for the whole page.
        assert "<style" not in svg
        identifiers += own
    assert len(set(identifiers)) == len(identifiers) > 100


def test_plots_tell_a_screen_reader_what_they_show() -> None:
    for svg in all_plots():
        root = parsed(svg)
        assert root.get("role") == "img"
        title, description = root[0], root[1]
        assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
        assert root.get("aria-labelledby") == title.get("id")
        assert title.text
        assert description.text
        assert re.search(r"\d", description.text)


def test_the_same_results_give_the_same_bytes() -> None:
    assert all_plots() == all_plots()
    # In another process, too, whose hashes of names are others.
    code = "import test_plots as t; print(*t.all_plots(), sep='')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "".join(all_plots()) + "\n"


def test_settings_of_the_user_change_nothing() -> None:
    usual = speed_plot(example.results())
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 30, "svg.fonttype": "path"}):
        assert speed_plot(example.results()) == usual


def test_letters_and_axes_have_the_colour_of_the_page() -> None:
    for svg in all_plots():
        assert "#010203" not in svg
        assert "#000000" not in svg
    assert "currentColor" in speed_plot(example.results())


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", [*COLOURS, GREY])
@pytest.mark.parametrize("ground", ["#ffffff", "#14171c"])
def test_colours_are_seen_on_both_grounds(colour: str, ground: str) -> None:
    dark, light = sorted(map(luminance, (colour, ground)))
    assert (light + 0.05) / (dark + 0.05) >= 3


def test_subjects_that_are_measured_together_differ() -> None:
    found = example.results()
    look = looks(found, ["native"])
    for kind in ("speed", "start", "memory", "part"):
        for one in measurements(found, kind):
            colours = [look[subject].colour for subject in one.subjects]
            assert len(set(colours)) == len(colours)
            assert one.reference is not None
            assert look[one.reference].colour == GREY
    assert look["native"] == Look(colour=COLOURS[0], marker="o", dash="-", ours=True)


def test_more_subjects_than_colours_have_a_look() -> None:
    names = {f"subject {number}": 1.0 + number / 10 for number in range(40)}
    found = example.results(groups=[example.made("speed/a/b/c", names, 1.0, audio_seconds=3.0)])
    assert set(looks(found, [])) == set(names)
    assert "subject 38" in texts(speed_plot(found))


def test_bars_have_names_and_ratios() -> None:
    found = example.results()
    written = texts(speed_plot(found))
    one = measurements(found, "speed")[0]
    for subject, figure in one.ratios.items():
        assert subject in written
        assert f"{figure.value:.3f}" in written or f"{figure.value:.2f}" in written
    assert "by openai-whisper; less is better" in written


def test_our_own_are_brought_out() -> None:
    svg = speed_plot(example.results())
    (ours,) = set(re.findall(r'<text style="([^"]*)"[^>]*>native<', svg))
    (other,) = set(re.findall(r'<text style="([^"]*)"[^>]*>whisper.cpp<', svg))
    assert "bold" in ours or "700" in ours
    assert "bold" not in other
    assert "700" not in other


def bars(svg: str, colour: str) -> list[str]:
    """Return the styles of what is filled with a colour."""
    return [style for style in re.findall(r'style="([^"]*)"', svg) if f"fill: {colour}" in style]


def test_all_bars_are_opaque_and_ours_outlined() -> None:
    found = example.results()
    look = looks(found, ["native"])
    svg = speed_plot(found)
    for subject in example.SPEEDS:
        styles = bars(svg, look[subject].colour)
        assert styles
        assert not any("opacity" in style for style in styles)
        assert all(("stroke: " in style) == (subject == "native") for style in styles)


def test_one_round_has_no_error_bar() -> None:
    def marks(rounds: int) -> int:
        groups = example.all_series(rounds=rounds)
        return speed_plot(example.results(groups=groups)).count("LineCollection")

    assert marks(3) > 0
    assert marks(1) == 0


def test_a_bar_that_is_too_long_is_cut_and_says_so() -> None:
    factors = {"slow": 50.0, "native": 0.5, "base": 1.0}
    found = example.results(groups=[example.made("speed/a/b/c", factors, 1.0, audio_seconds=3.0)])
    written = texts(speed_plot(found))
    assert any(re.fullmatch(r"[45]\d\.\d\d →", text) for text in written)
    # Otherwise nothing would be seen of the others.
    assert "50" not in written


def test_names_are_written_as_they_are() -> None:
    factors = {NASTY: 0.5, "x" * 90: 0.7, "base": 1.0}
    group = example.made("speed/a/b/c", factors, 1.0, audio_seconds=3.0)
    written = texts(speed_plot(example.results(groups=[group])))
    assert NASTY in written
    assert "x" * 39 + "…" in written
    svg = treemap({NASTY: {NASTY: 10}}, key="k", title=NASTY)
    assert NASTY in "".join(texts(svg))
    assert f'<title id="k-title">{"a &lt;b&gt; &amp;"}' in svg


def test_what_would_show_nothing_is_no_plot() -> None:
    found = dataclasses.replace(example.results(), figures=())
    assert speed_plot(found) == ""
    one_length = example.results(
        groups=[example.made("speed/a/greedy/one thread", {"native": 1.0}, 1.0, audio_seconds=9.0)]
    )
    assert cost(one_length) == ""
    assert changes(0) == changes(1) == ""
    assert treemap({}, key="k", title="t") == ""
    assert treemap({"a": {}, "b": {"c": 0}}, key="k", title="t") == ""
    assert ratio_plot([], [], {}, key="k", title="t") == ""


def test_cost_has_a_line_for_each_subject_and_names_the_lengths() -> None:
    written = texts(cost(example.results()))
    assert {*example.SPEEDS, "real time", "short, 10 s", "long, 30 min"} <= set(written)


def test_a_single_round_is_plotted() -> None:
    found = example.results(groups=example.all_series(rounds=1))
    assert "native" in texts(speed_plot(found))
    assert "native" in texts(cost(found))


def test_history_is_by_the_first_value() -> None:
    svg = changes(11)
    # Twice as much at first as in the end, of which half is left after ten of twenty steps.
    assert "the wheel: 0.750; the folder: 0.750" in svg
    assert "00000000" in texts(svg)


def test_a_long_history_names_some_revisions() -> None:
    now = entry_of(example.results())
    many = [dataclasses.replace(now, revision=f"{number:08x}00") for number in range(500)]
    svg = history_plot(many, {"size/wheel": "the wheel"}, key="k", title="t")
    assert 5 < sum(bool(re.fullmatch(r"[\da-f]{8}", text)) for text in texts(svg)) <= 12


def test_history_compares_ratios_of_one_processor_and_sizes_of_all() -> None:
    found = example.results()
    others = [dataclasses.replace(one, processor="another") for one in earlier(3)]
    speed = "speed/short/greedy/one thread/native"
    held = ["size/wheel", speed]
    there = [svg for svg in history_plots(found, others, held) if svg]
    assert [re.findall(r"<title[^>]*>(.*?)</title>", svg)[0] for svg in there] == [
        "Sizes of artefacts"
    ]
    assert len([svg for svg in history_plots(found, earlier(3), held) if svg]) == 2


def test_the_history_is_in_the_order_of_time_whatever_the_clocks_say() -> None:
    now = entry_of(example.results())
    dates = {
        # In this order; as texts, the second would be the last, and the unknown one behind all.
        "aaaaaaaa": "unknown",
        "bbbbbbbb": "2026-10-02T01:00:00+09:00",
        "cccccccc": "2026-10-01T18:00:00+00:00",
        "dddddddd": "2026-10-01T14:00:00-07:00",
        "eeeeeeee": "2026-10-02",
    }
    history = [
        dataclasses.replace(now, revision=revision, date=date)
        for revision, date in reversed(dates.items())
    ]
    (svg,) = filter(None, history_plots(example.results(), history, ["size/wheel"]))
    shown = [text for text in texts(svg) if re.fullmatch(r"[\da-f]{8}", text)]
    assert shown == [*dates, now.revision[:8]]


def test_history_shows_what_changed_most() -> None:
    found = example.results()
    now = entry_of(found)
    held = [name for name in now.figures if name.startswith("size/ultra-lean")]
    moved = "size/ultra-lean folder/TLS"
    before = dataclasses.replace(
        now,
        revision="0" * 40,
        date="2026-01-01",
        figures={**now.figures, moved: 2 * now.figures[moved]},
    )
    plots = "".join(history_plots(found, [before], held))
    assert "Sizes of components, the 8 that changed most" in plots
    assert "ultra-lean folder, TLS: 0.500" in plots


def test_components_are_divided_into_their_files() -> None:
    sizes = example.sizes()["ultra-lean folder"]
    groups = components_with_files(sizes)
    assert {name: sum(files.values()) for name, files in groups.items()} == sizes.components
    assert groups["tokenizer"]["whisper/assets/gpt2.tiktoken"] == 835_554
    assert groups["torch"]["in transcriber.bin"] == 15_980_000 - 13_800_000 - 180_000
    image = components_with_files(example.sizes()["ultra-lean AppImage"])
    assert image["AppImage runtime"] == {"AppImage runtime": 64_128}


def test_object_files_are_of_the_component_of_their_program() -> None:
    groups = components_with_objects(example.sizes()["ultra-lean folder"])
    assert set(groups) == {"_C.so", "transcriber.bin"}
    assert groups["transcriber.bin"]["TLS"] == {"libcrypto.a(aes.o)": 2_100_000}
    assert groups["_C.so"]["OpenBLAS"] == {"openblas/dgemm.o": 1_900_000}


def test_constants_are_of_the_component_of_their_module() -> None:
    groups = components_with_objects(example.sizes()["ultra-lean folder"])["transcriber.bin"]
    assert groups["torch"] == {"constants/torch/overrides.py": 212_872}
    assert groups["Python runtime"]["constants/asyncio/tasks.py"] == 96_000
    assert groups["application"]["constants/"] == 31_000


def test_what_is_of_no_object_file_is_a_group_of_its_own() -> None:
    groups = components_with_objects(example.sizes()["ultra-lean folder"])
    for name, size in (
        ("linker's tables", 1_189_802),
        ("merged constants", 445_563),
        ("headers and padding", 246_185),
    ):
        assert groups["transcriber.bin"][name] == {name: size}
    assert groups["_C.so"]["linker's tables"] == {"linker's tables": 569_711}
    assert "other" not in groups["transcriber.bin"]


def colours_of_areas(svg: str, names: list[str]) -> dict[str, str]:
    """Return the colours of the groups of a treemap, the largest group first."""
    # What is in a group has a thinner border.
    shapes = re.findall(r'style="fill: (#\w+); stroke: #ffffff; stroke-width: 1.6', svg)
    return dict(zip(names, shapes, strict=True))


def test_a_component_has_the_same_colour_in_all_treemaps() -> None:
    large = treemap({"torch": {"a": 30}, "ffmpeg": {"b": 20}, "odd": {"c": 9}}, key="k", title="t")
    small = treemap({"ffmpeg": {"b": 20}, "torch": {"a": 8}}, key="k", title="t")
    first = colours_of_areas(large, ["torch", "ffmpeg", "odd"])
    second = colours_of_areas(small, ["ffmpeg", "torch"])
    assert first["torch"] == second["torch"]
    assert first["ffmpeg"] == second["ffmpeg"]
    assert len(set(first.values())) == 3


def test_areas_are_bytes() -> None:
    svg = treemap({"a": {"x": 3_000_000}, "b": {"y": 1_000_000}}, key="k", title="t")
    corners = re.findall(r'd="M ([\d.]+) ([\d.]+) \nL ([\d.]+) [\d.]+ \nL [\d.]+ ([\d.]+) ', svg)
    areas = sorted(
        abs((float(right) - float(left)) * (float(bottom) - float(top)))
        for left, top, right, bottom in corners
    )
    whole = 7.0 * 3.9 * 72**2
    assert any(abs(area - whole / 4) < 1 for area in areas)
    assert any(abs(area - 3 * whole / 4) < 1 for area in areas)
    assert "a 3.00 MB (75.0 %), b 1.00 MB (25.0 %)" in svg


def test_thousands_of_small_files_are_one_rectangle() -> None:
    files = {"large": 1_000_000, **{f"small {number}": 100 for number in range(5000)}}
    svg = treemap({"a": files, "b": {"y": 1_000_000}}, key="k", title="t")
    assert svg.count("<path") < 20
    assert "5000 more" in "".join(texts(svg))


def test_labels_stay_within_their_rectangles() -> None:
    groups = {f"a component with a long name {n}": {f"file {n}": 2**n} for n in range(12)}
    svg = treemap(groups, key="k", title="t")
    labels = re.findall(r'translate\(([\d.]+) ([\d.]+)\)">([^<]*)<', svg)
    shapes = re.findall(r'd="M ([\d.]+) ([\d.]+) \nL ([\d.]+) [\d.]+ \nL [\d.]+ ([\d.]+) ', svg)
    # The first is the ground of the whole plot.
    boxes = [tuple(map(float, corners)) for corners in shapes][1:]
    assert len(labels) > 6
    for x, y, text in labels:
        inside = [
            (left, right)
            for left, top, right, bottom in boxes
            if left < float(x) < right and min(top, bottom) < float(y) <= max(top, bottom)
        ]
        (box,) = inside
        width = TextPath((0, 0), text, size=8.5, prop=BOLD).get_extents().width
        assert float(x) + width <= box[1]
