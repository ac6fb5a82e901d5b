"""OpenAI's own client against an address, for `test_serve`: it runs where that client is."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

openai: Any = importlib.import_module("openai")


def check_models(client: Any) -> None:
    assert "tiny.en" in [model.id for model in client.models.list()]
    assert client.models.retrieve("tiny.en").owned_by == "openai"


def check_files(create: Any, paths: list[Path]) -> str:
    """Transcribe the same recording in many formats; return the text of the first."""
    texts = {}
    for path in paths:
        found = create(model="whisper-1", file=path)
        assert found.usage is not None
        assert found.usage.type == "duration"
        texts[path.name] = found.text
        print(path.name, found.text)
    text: str = texts[paths[0].name]
    for name, other in texts.items():
        common = {*other.lower().split()} & {*text.lower().split()}
        assert len(common) > 0.6 * len({*text.split()}), (name, other)
    return text


def check_answers(create: Any, path: Path, text: str) -> None:
    verbose = create(
        model="gpt-4o-transcribe",
        file=path,
        language="en",
        prompt="Dashwood",
        response_format="verbose_json",
        temperature=0,
        timestamp_granularities=["word", "segment"],
    )
    assert verbose.language == "english"
    assert 5 < verbose.duration < 10
    assert verbose.segments[0].end > verbose.segments[0].start
    assert verbose.segments[0].tokens
    assert " ".join(word.word for word in verbose.words).split() == verbose.text.split()
    for wanted in ("text", "srt", "vtt"):
        found = str(create(model="whisper-1", file=path, response_format=wanted))
        assert {
            "text": found.strip() == text,
            "srt": found.startswith("1\n00:00:"),
            "vtt": found.startswith("WEBVTT"),
        }[wanted], found
    logs = create(
        model="gpt-4o-transcribe", file=path, response_format="json", include=["logprobs"]
    )
    assert logs.logprobs
    assert all(one.logprob is not None and one.logprob <= 0 for one in logs.logprobs)


def check_stream(create: Any, path: Path, text: str) -> None:
    *deltas, last = list(create(model="gpt-4o-mini-transcribe", file=path, stream=True))
    assert {event.type for event in deltas} == {"transcript.text.delta"}
    assert last.type == "transcript.text.done"
    assert "".join(event.delta for event in deltas) == last.text == text


def check_refusals(client: Any, path: Path) -> None:
    create = client.audio.transcriptions.create
    wrong = {"language": "Klingon", "temperature": 7, "response_format": "diarized_json"}
    for name, value in wrong.items():
        try:
            create(model="whisper-1", file=path, **{name: value})
        except openai.BadRequestError as error:
            assert error.param == name, error
        else:
            raise AssertionError(name)
    noise = ("noise.wav", b"no sound")
    try:
        create(model="whisper-1", file=noise)
    except openai.BadRequestError as error:
        assert "noise.wav" in str(error), error
    else:
        raise AssertionError("that is no recording")
    try:
        list(create(model="whisper-1", file=noise, stream=True))
    except openai.APIError as error:
        assert "noise.wav" in str(error), error
    else:
        raise AssertionError("that is no recording")
    try:
        client.audio.translations.create(model="whisper-1", file=path)
    except openai.BadRequestError as error:
        assert "tiny.en" in str(error)
    else:
        raise AssertionError("tiny.en cannot translate")


def main(address: str, *names: str) -> None:
    client = openai.OpenAI(base_url=address, api_key="none", max_retries=0)
    create = client.audio.transcriptions.create
    paths = [Path(name) for name in names]
    check_models(client)
    text = check_files(create, paths)
    check_answers(create, paths[0], text)
    check_stream(create, paths[0], text)
    check_refusals(client, paths[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
