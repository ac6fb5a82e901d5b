"""Courtesies that nobody said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Run
from desktops import desktop, lacking
from quiet_recordings import make, write

from transcriber.dictation.politeness import is_invented
from transcriber.languages import language_names

SURE = {"no_speech_prob": 0.1, "avg_logprob": -0.5, "seconds": 3.0}
"""As a voice is decoded."""


def invented(text: str, language: str = "en", **measured: float) -> bool:
    values = {**SURE, **measured}
    return is_invented(
        text,
        no_speech_prob=values["no_speech_prob"],
        avg_logprob=values["avg_logprob"],
        seconds=values["seconds"],
        language=language,
    )


COURTESIES = [
    *[
        ("en", text)
        for text in (
            *("Thank you.", "you", "Thanks for watching!", "Thank you so much for watching."),
            *("Thank you. Thank you. Bye-bye!", "Please subscribe to my channel."),
            *("So, thank you for watching, and I'll see you in the next video.", "Bye."),
            *("Subtitles by the Amara.org community", "Transcription by CastingWords"),
        )
    ],
    ("de", "Vielen Dank fürs Zuschauen!"),
    ("de", "Vielen Dank."),
    ("de", "Untertitel der Amara.org-Community"),
    ("de", "Untertitel im Auftrag des ZDF für funk, 2017"),
    ("de", "Untertitelung des ZDF, 2020"),
    ("fr", "Merci d'avoir regardé cette vidéo !"),
    ("fr", "Sous-titres réalisés par la communauté d'Amara.org"),
    ("fr", "Sous-titrage ST' 501"),
    ("es", "¡Gracias por ver el video!"),
    ("es", "Subtítulos realizados por la comunidad de Amara.org"),
    ("it", "Sottotitoli creati dalla comunità Amara.org"),
    ("pt", "Legendas pela comunidade Amara.org"),
    ("nl", "Ondertiteld door Amara.org gemeenschap"),
    ("ru", "Субтитры сделал DimaTorzok"),
    ("pl", "Napisy stworzone przez społeczność Amara.org"),
    ("ja", "ご視聴ありがとうございました"),
    ("zh", "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目"),
    ("ko", "시청해주셔서 감사합니다."),
    # In English in whatever language, and in one that has no list.
    ("de", "Thank you for watching."),
    ("sw", "Thank you."),
]


@pytest.mark.parametrize(("language", "text"), COURTESIES)
def test_a_courtesy_counts_unless_it_was_said(language: str, text: str) -> None:
    assert language in language_names()
    assert not invented(text, language)
    assert invented(text, language, no_speech_prob=0.7)
    assert invented(text, language, avg_logprob=-1.2)
    assert invented(text, language, seconds=0.05)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Thank you for the letter."),
        ("en", "Thank you for watching the children."),
        ("en", "I said thank you."),
        ("en", "And so, everyone."),
        ("en", "Subtitles are useful."),
        ("de", "Untertitel sind nützlich."),
        ("de", "Merci d'avoir regardé cette vidéo !"),
        ("fr", "Les sous-titres réalisés hier."),
        ("en", ""),
        ("en", "…"),
        ("de", "Danke, ich komme morgen."),
    ],
)
def test_anything_else_is_never_dropped(language: str, text: str) -> None:
    assert not invented(text, language, no_speech_prob=1.0, avg_logprob=-9.0, seconds=0.0)


def test_letters_are_compared_however_they_are_composed() -> None:
    assert invented("Vielen Dank fu\u0308rs Zuschauen", "de", seconds=0.1)


MEASURED = [
    # text, no_speech_prob, avg_logprob, seconds of the piece; base and tiny.en.
    ("Thank you.", 0.81, -1.0, 1.0, True),
    ("Thank you very much.", 0.78, -0.94, 3.0, True),
    ("Thank you so much for watching, and thank you so much for watching", 0.87, -0.46, 3.0, True),
    ("You", 0.93, -0.83, 1.0, True),
    ("Thank you for watching!", 0.67, -1.22, 1.0, True),
    ("Thank you.", 0.572, -0.57, 0.29, False),
    ("Thank you.", 0.512, -0.81, 1.0, False),
    ("Thank you for watching.", 0.403, -0.48, 0.54, False),
    ("Thanks for watching. Please subscribe.", 0.151, -0.61, 1.74, False),
    ("Thank you for your attention. Thank you.", 0.369, -0.95, 1.0, False),
]
"""What was decoded of sounds without speech (True), and of a synthetic voice."""


@pytest.mark.parametrize(("text", "no_speech", "log", "seconds", "expected"), MEASURED)
def test_what_was_measured(
    text: str, no_speech: float, log: float, seconds: float, expected: bool
) -> None:
    found = invented(text, no_speech_prob=no_speech, avg_logprob=log, seconds=seconds)
    assert found is expected


def decoded(run: Run, models: Path, recordings: list[Path], folder: Path) -> list[bool]:
    """Return whether what was decoded of each is judged invented; nothing counts as that, too."""
    done = run(
        *("--model", "base", "--model_dir", models, "--offline", "--output_dir", folder),
        *("--language", "en", "--output_format", "json", "--vad_filter", "False"),
        *("--no_speech_threshold", "None", "--temperature_increment_on_fallback", "None"),
        *recordings,
    )
    assert done.returncode == 0, done.stderr
    verdicts = []
    for path in recordings:
        segments = json.loads((folder / f"{path.stem}.json").read_text())["segments"]
        verdicts.append(
            all(
                invented(
                    segment["text"],
                    no_speech_prob=segment["no_speech_prob"],
                    avg_logprob=segment["avg_logprob"],
                    seconds=segment["end"] - segment["start"],
                )
                for segment in segments
            )
        )
    return verdicts


@pytest.mark.slow
def test_courtesies_out_of_noise_go(models: Path, run: Run, tmp_path: Path) -> None:
    # Of these base makes "Thank you.", "I'll see you in the next video." and the like.
    names = ("vinyl", "breath", "steps", "clock")
    quiet = [write(tmp_path / f"{name}.wav", make(name, 1.0)) for name in names]
    assert all(decoded(run, models, quiet, tmp_path / "out"))


@pytest.mark.slow
@pytest.mark.skipif(bool(lacking("espeak-ng")), reason=lacking("espeak-ng"))
def test_a_courtesy_that_is_said_stays(models: Path, run: Run, tmp_path: Path) -> None:
    said = [tmp_path / "slow.wav", tmp_path / "fast.wav"]
    with desktop() as session:
        session.offer("espeak-ng")
        for path, speed in zip(said, ("150", "300"), strict=True):
            session.run("espeak-ng", "-s", speed, "-w", str(path), "Thank you for watching.")
    assert not any(decoded(run, models, said, tmp_path / "out"))
    text = json.loads((tmp_path / "out/slow.json").read_text())["text"]
    assert text.strip().lower().startswith("thank you")
