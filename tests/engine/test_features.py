from __future__ import annotations

import gc
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import child
import disks
import numpy as np
import pytest
import torch

from transcriber.engine import openai_whisper
from transcriber.errors import StorageError

from .rounding import same, same_bits

whisper = openai_whisper.load()

from whisper.audio import N_FRAMES, N_SAMPLES, pad_or_trim  # noqa: E402

from transcriber.engine import features  # noqa: E402
from transcriber.engine.features import LogMelSpectrogram  # noqa: E402

BLOCK = features._BLOCK_SAMPLES


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads would wait for each other longer than they compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def noise(length: int, *, loud_at: int | None = None) -> np.ndarray:
    """Return samples whose level varies, and is highest somewhere."""
    generator = np.random.default_rng(length)
    samples = generator.normal(size=length) * 300
    samples *= 1 + np.sin(np.arange(length) / 5000)
    if loud_at is not None:
        samples[loud_at : loud_at + 1600] *= 40
    return np.clip(samples, -32768, 32767).astype("<i2")


def reference(samples: np.ndarray, mels: int = 80) -> torch.Tensor:
    """Return openai-whisper's spectrogram of the recording and the silence behind it."""
    spectrogram: torch.Tensor = whisper.log_mel_spectrogram(
        samples.astype(np.float32) / 32768.0, mels, padding=N_SAMPLES
    )
    return spectrogram


def spectrogram(blocks: Sequence[bytes], mels: int = 80) -> LogMelSpectrogram:
    result = LogMelSpectrogram(mels)
    result.read(blocks)
    return result


def whole(result: LogMelSpectrogram) -> torch.Tensor:
    """Put the windows of a spectrogram together."""
    frames = result.content_frames + N_FRAMES
    sizes = [min(N_FRAMES, frames - start) for start in range(0, frames, N_FRAMES)]
    parts = [result.window(N_FRAMES * number, size)[:, :size] for number, size in enumerate(sizes)]
    return torch.cat(parts, dim=1)


LENGTHS = [
    *[0, 1, 2, 80, 159, 160, 161, 199, 200, 201, 202, 319, 320, 321, 399, 400, 401, 402, 16000],
    # The silence behind the recording begins or ends at the border of a block.
    *[BLOCK - N_SAMPLES - 201, BLOCK - N_SAMPLES, BLOCK - N_SAMPLES + 200],
    *[BLOCK - 401, BLOCK - 201, BLOCK - 200, BLOCK - 199, BLOCK - 1, BLOCK, BLOCK + 1],
    *[N_SAMPLES - 161, N_SAMPLES - 1, N_SAMPLES, N_SAMPLES + 1, N_SAMPLES + 159, N_SAMPLES + 160],
    *[2 * N_SAMPLES - 1, 2 * N_SAMPLES, 2 * N_SAMPLES + 12345],
]


@pytest.mark.parametrize("length", [length for length in LENGTHS if length >= 0])
def test_equals_openai_whisper_to_the_last_bit(length: int) -> None:
    samples = noise(length)
    result, expected = spectrogram([samples.tobytes()]), reference(samples)
    assert result.content_frames == expected.shape[1] - N_FRAMES == length // 160
    assert result.seconds == pytest.approx(length / 16000, abs=0.01)
    assert same(whole(result), expected)


@pytest.mark.parametrize("length", [0, 250, 70_000, N_SAMPLES + 54_321])
def test_equals_openai_whisper_with_more_mels(length: int) -> None:
    samples = noise(length)
    assert same(whole(spectrogram([samples.tobytes()], 128)), reference(samples, 128))


def partitions(content: bytes) -> Iterator[list[bytes]]:
    """Cut a stream into blocks of whole samples, in several ways."""
    for size in (2**20, 65536, 9_998, 2 * BLOCK, 2 * BLOCK - 2):
        yield [content[start : start + size] for start in range(0, len(content), size)]
    generator = np.random.default_rng(8)
    for _ in range(3):
        inner = generator.integers(0, len(content) // 2, 40)
        cuts = sorted({0, 2, 4, 400, 402, *(2 * int(cut) for cut in inner), len(content)})
        yield [content[a:b] for a, b in itertools.pairwise(cuts)]


def test_how_the_stream_is_cut_does_not_matter() -> None:
    samples = noise(N_SAMPLES + 33_333)
    uncut = whole(spectrogram([samples.tobytes()]))
    assert same(uncut, reference(samples))
    for blocks in partitions(samples.tobytes()):
        assert b"".join(blocks) == samples.tobytes()
        assert same_bits(whole(spectrogram(blocks)), uncut)


@pytest.mark.parametrize("length", [1, 199, 200, 201, 202, 399, 400, 401, 700])
def test_short_recordings_sample_by_sample(length: int) -> None:
    samples = noise(length)
    blocks = [samples[number : number + 1].tobytes() for number in range(length)]
    assert same(whole(spectrogram([b"", *blocks, b""])), reference(samples))


@pytest.mark.parametrize("loud_at", [0, 300_000, N_SAMPLES, N_SAMPLES + 100_000])
def test_the_loudest_moment_bounds_every_window(loud_at: int) -> None:
    samples = noise(N_SAMPLES + 160_000, loud_at=loud_at)
    result, expected = spectrogram([samples.tobytes()]), reference(samples)
    assert same(whole(result), expected)
    # It does matter: without it, the quiet parts would reach lower.
    assert not same(result.window(0, 100), reference(samples[:16000])[:, :N_FRAMES])


def test_silence() -> None:
    samples = np.zeros(50_000, "<i2")
    assert same(whole(spectrogram([samples.tobytes()])), reference(samples))


def test_the_loudest_samples_there_are() -> None:
    samples = np.where(np.arange(50_000) % 20 < 10, 32767, -32768).astype("<i2")
    assert same(whole(spectrogram([samples.tobytes()])), reference(samples))


def test_a_window_is_what_the_encoder_gets_from_openai_whisper() -> None:
    samples = noise(N_SAMPLES + 80_000)
    result, expected = spectrogram([samples.tobytes()]), reference(samples)
    for start in (0, 1, 499, 500, 2999, 3000, 3499):
        for frames in (1, 2, 77, N_FRAMES - 1, N_FRAMES):
            window = result.window(start, frames)
            assert window.shape == (80, N_FRAMES)
            assert window.is_contiguous()
            # With zeros behind it, not with the spectrogram of silence.
            assert same(window, pad_or_trim(expected[:, start : start + frames], N_FRAMES))


def test_zeros_follow_where_the_silence_ends() -> None:
    samples = noise(1600)
    result, expected = spectrogram([samples.tobytes()]), reference(samples)
    window = result.window(10, N_FRAMES)
    assert same(window, expected[:, 10:])
    window = result.window(110, N_FRAMES)
    assert same(window[:, : N_FRAMES - 100], expected[:, 110:])
    assert torch.all(window[:, N_FRAMES - 100 :] == 0)


@pytest.mark.parametrize("length", [0, 1600, N_SAMPLES, N_SAMPLES + 1600])
def test_the_beginning_is_what_openai_whisper_detects_the_language_from(length: int) -> None:
    samples = noise(length)
    result = spectrogram([samples.tobytes()])
    assert same(result.window(0, N_FRAMES), pad_or_trim(reference(samples), N_FRAMES))


def test_windows_do_not_share_memory() -> None:
    result = spectrogram([noise(16000).tobytes()])
    first = result.window(0, 100)
    expected = first.clone()
    result.window(0, 100).fill_(7)
    assert same(first, expected)
    assert same(result.window(0, 100), expected)


def open_files(folder: Path) -> int:
    """Count the files of a folder that this process has open, with a name or without."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum(str(link.readlink()).startswith(f"{folder}/") for link in links)


@pytest.mark.parametrize("limit", [0, 1_000_000, 3_000_000])
def test_a_long_recording_lies_on_the_disk(
    limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    # A limit of nothing means no limit to a temporary file, so it is a byte.
    monkeypatch.setattr(features, "MEMORY_BYTES", limit or 1)
    samples = noise(2 * N_SAMPLES)
    result = spectrogram([samples.tobytes()])
    assert open_files(tmp_path) == (limit < 9000 * 80 * 4)
    assert same(whole(result), reference(samples))
    assert same(result.window(2990, 50), pad_or_trim(reference(samples)[:, 2990:3040], N_FRAMES))
    result.close()
    assert open_files(tmp_path) == 0


def test_a_crash_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(features, "MEMORY_BYTES", 1)
    result = spectrogram([noise(1600).tobytes()])
    # The file has no name.
    assert open_files(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []
    result.close()


def test_a_short_recording_stays_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    result = spectrogram([noise(N_SAMPLES).tobytes()])
    assert result.content_frames == N_FRAMES
    result.close()
    # A quarter of an hour at 80 mels.
    assert 900 * 100 * 80 * 4 < features.MEMORY_BYTES <= 2**25


def test_without_a_temporary_folder_two_hours_stay_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing() -> str:
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr("tempfile.gettempdir", missing)
    monkeypatch.setattr(features, "MEMORY_BYTES", 1)
    result = spectrogram([noise(1600).tobytes()])
    result.close()
    assert 2 * 3600 * 100 * 80 * 4 < features.MEMORY_WITHOUT_FILES <= 2**28


@pytest.mark.parametrize("room", [0, 100_000, 958_000, 962_000, 1_900_000])
def test_a_full_disk_is_told(room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with disks.mounted(tmp_path / "disk", "size=4m") as disk:
        monkeypatch.setattr("tempfile.tempdir", str(disk))
        monkeypatch.setattr(features, "MEMORY_BYTES", 500_000)
        (disk / "filling").write_bytes(bytes(2**22 - room // 4096 * 4096))
        result = LogMelSpectrogram(80)
        with pytest.raises(StorageError, match=r"the spectrogram .*No space left") as caught:
            result.read([noise(N_SAMPLES + 300).tobytes()])
        assert "TMPDIR" in caught.value.remedy
        assert caught.value.exit_code == 7
        # Nor does Python complain when it clears the spectrogram away.
        unraisable: list[object] = []
        monkeypatch.setattr("sys.unraisablehook", unraisable.append)
        del result, caught
        gc.collect()
        assert unraisable == []
        assert [path.name for path in disk.iterdir()] == ["filling"]


def test_a_disk_that_fills_at_the_last_byte_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    length = N_SAMPLES + 300
    stored = (length // 160 + N_FRAMES) * 80 * 4
    with disks.mounted(tmp_path / "disk", "size=4m") as disk:
        monkeypatch.setattr("tempfile.tempdir", str(disk))
        monkeypatch.setattr(features, "MEMORY_BYTES", 1)
        pages = -(-stored // 4096)
        # All of it fits but the last page, which a buffer may keep for later.
        (disk / "filling").write_bytes(bytes(2**22 - (pages - 1) * 4096))
        result = LogMelSpectrogram(80)
        with pytest.raises(StorageError):
            result.read([noise(length).tobytes()])
        result.close()


def test_a_missing_temporary_folder_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    monkeypatch.setattr(features, "MEMORY_BYTES", 1)
    result = LogMelSpectrogram(80)
    with pytest.raises(StorageError, match="No such file or directory"):
        result.read([noise(1600).tobytes()])


@pytest.mark.slow
def test_memory_is_bounded(tmp_path: Path) -> None:
    done = child.run(
        """
        import resource, sys
        import numpy as np
        from transcriber.engine import openai_whisper
        openai_whisper.load()
        import torch
        from transcriber.engine import features
        torch.set_num_threads(1)
        features.MEMORY_BYTES = 2**20
        samples = np.random.default_rng(1).integers(-9000, 9000, 16000 * 60, "<i2").tobytes()
        peaks = []
        for minutes in (2, 30):
            result = features.LogMelSpectrogram(80)
            result.read(samples for _ in range(minutes))
            result.close()
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        print(peaks[1] - peaks[0])
        """
    )
    assert done.stderr == ""
    # Half an hour takes 58 MB as a spectrogram and 115 MB as samples; in KiB.
    assert int(done.stdout) < 30_000
