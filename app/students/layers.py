"""Linear layers for a processor: weights laid out once for oneDNN, in their own precision.

PyTorch multiplies fp32 with MKL, which leaves half of the vector units of AMD's processors idle, and lays
bf16 weights out anew at every call. The operators here are those that PyTorch's own compiler puts in; their
names begin with an underscore, and for bf16 they need instructions that not every processor has. So a tiny
layer is tried first, and where it fails the layers stay as they are.
"""

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn


class PackedLinear(nn.Module):  # type: ignore[misc]  # mypy is not shown torch, which may not be installed
    """What `nn.Linear` computes, for inference only: the weights can be neither trained nor saved."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        # Not a buffer: a tensor in oneDNN's layout could not be moved or saved with the others.
        self.weight: Tensor = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), None)  # noqa: SLF001
        self.bias = linear.bias

    def forward(self, given: Tensor) -> Tensor:
        found: Tensor = torch.ops.mkldnn._linear_pointwise(given, self.weight, self.bias, "none", [], "")  # noqa: SLF001
        return found


@cache
def can_run_packed(dtype: torch.dtype) -> bool:
    """Whether this PyTorch on this processor multiplies packed weights of a precision: a tiny layer tries."""
    if not torch.backends.mkldnn.is_available():
        return False
    try:
        PackedLinear(nn.Linear(2, 2).to(dtype))(torch.zeros(1, 2, dtype=dtype))
    except (AttributeError, RuntimeError):  # no such operator in this PyTorch; not on this processor
        return False
    return True


def can_pack(model: Any) -> bool:  # noqa: ANN401  # transformers ships no types
    return model.device.type == "cpu" and can_run_packed(model.dtype)


def pack_linears(model: Any) -> None:  # noqa: ANN401  # transformers ships no types
    """Put a packed layer in the place of every linear one, where that can be done."""
    if not can_pack(model):
        return
    for module in list(model.modules()):
        for name, child in module.named_children():
            if type(child) is nn.Linear:
                setattr(module, name, PackedLinear(child))
