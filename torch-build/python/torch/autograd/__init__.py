"""The switches of gradient recording; gradients themselves are not in this build."""

from __future__ import annotations

from torch._absent import module_getattr
from torch.autograd.grad_mode import enable_grad as enable_grad
from torch.autograd.grad_mode import inference_mode as inference_mode
from torch.autograd.grad_mode import no_grad as no_grad
from torch.autograd.grad_mode import set_grad_enabled as set_grad_enabled

__getattr__ = module_getattr(__name__)
