"""What a user of the library prints."""

from __future__ import annotations

import torch


def printing() -> None:
    """Print tensors, modules, types and devices."""
    many = torch.arange(2000)
    for value in (
        torch.tensor([1.5, -2.0, 3.25]),
        torch.tensor([1e-8, 1.0, 1e9]),
        torch.tensor([float("nan"), float("inf"), 1.0]),
        torch.tensor([1.0, 2.0]),
        torch.tensor([[1, 2], [3, 4]]),
        torch.tensor([True, False]),
        torch.tensor([]),
        torch.zeros(0, 3, dtype=torch.int64),
        torch.tensor(3.5),
        torch.tensor(3),
        torch.tensor(True),
        torch.zeros(2, dtype=torch.float16),
        torch.zeros(2, dtype=torch.bfloat16),
        torch.zeros(2, dtype=torch.float64),
        torch.zeros(2, dtype=torch.uint8),
        torch.zeros(2, dtype=torch.int32),
        torch.randn(40, 40),
        torch.randn(40, 40, 40),
        many,
        many.float(),
        many > 5,
        many.half(),
        torch.zeros(2, 2).T,
        torch.nn.Parameter(torch.ones(2)),
        torch.zeros(2, requires_grad=True) + 1,
        torch.stft(torch.randn(800), 400, 160, window=torch.ones(400), return_complex=True),
        torch.eye(2).bool().to_sparse(),
        torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.LayerNorm(2), torch.nn.GELU()),
        torch.nn.Conv1d(2, 3, kernel_size=3, padding=1),
        torch.nn.Embedding(3, 2),
        torch.float32,
        torch.device("cpu"),
        torch.zeros(2).shape,
        torch.strided,
        torch.contiguous_format,
        torch.Generator(),
        torch.finfo(torch.float32),
        torch.iinfo(torch.int64),
        torch.zeros(2).untyped_storage(),
        torch.nn.Linear(1, 1).state_dict(),
    ):
        repr(value), str(value), f"{value}"
    f"{torch.tensor(3.5):.3f} {torch.tensor(3):d}"
    torch.set_printoptions(precision=3)  # type: ignore[no-untyped-call]
    torch.set_printoptions(profile="default")  # type: ignore[no-untyped-call]
    torch.__version__, torch.version.cuda, torch.cuda.is_available(), torch.cuda.device_count()
    torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    torch.backends.mps.is_available()
    torch.get_default_dtype()
