"""Classes of tensors that upstream's modules test for; none of them is in this build."""

from torch._subclasses import fake_tensor as fake_tensor
from torch._subclasses import functional_tensor as functional_tensor
