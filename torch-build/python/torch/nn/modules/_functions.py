"""Functions with derivatives of their own, which are not in this build."""

from torch._absent import Placeholder

CrossMapLRN2d = Placeholder("torch.nn.CrossMapLRN2d")
BackwardHookFunction = Placeholder("torch.nn.modules._functions.BackwardHookFunction")
