from __future__ import annotations

import pytest

from transcriber.cuda import addon as addon_module
from transcriber.cuda.addon import addon_from, published_addon, require_addon
from transcriber.errors import DependencyError

TEXT = """\
# A comment.
torch = "2.6.0+whisper.cpu"
abi = "WHISPER_1"
file = "libtorch_cuda-2.6.0-x86_64.so.xz"
size = 10
sha256 = "ab"
library_size = 100
library_sha256 = "cd"
address = "{}"
"""


@pytest.mark.parametrize("folder", ["https://example.org/files", "https://example.org/files/"])
def test_a_description(folder: str) -> None:
    addon = addon_from(TEXT.format(folder))
    assert addon is not None
    assert addon.address == "https://example.org/files/libtorch_cuda-2.6.0-x86_64.so.xz"
    assert addon.library_name == "libtorch_cuda-2.6.0-x86_64.so"
    assert addon.needed_space == 110


def test_no_address_and_no_addon() -> None:
    addon = addon_from(TEXT.format(""))
    assert addon is not None
    assert addon.address == ""
    assert addon_from("# none yet\n") is None


def test_what_the_program_has_can_be_read() -> None:
    addon = published_addon()
    assert addon is None or addon.torch.endswith("+whisper.cpu")


def test_a_program_without_one_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addon_module, "published_addon", lambda: None)
    with pytest.raises(DependencyError, match=r"`make addon`.*TORCH_CUDA_ADDON"):
        require_addon()
