"""Runs methods on PyTorch's device "meta", which stands for a GPU that is not there.

On "meta", PyTorch computes shapes, types and devices, and no values. A tensor that a method makes on the CPU meets the
arguments on "meta", as it would meet a GPU's. A method that asks for a value, such as float(tensor), fails; on a GPU
the processor would wait for it.
"""

import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

# Operators that copy from one device to another.
COPIES = ("aten::copy_", "aten::_to_copy")
# Products, whose matrices must have one type; PyTorch does not check it on "meta".
PRODUCTS = ("aten::mm", "aten::addmm", "aten::addmm_", "aten::bmm", "aten::baddbmm", "aten::baddbmm_")
# Operators that make no kernel run, besides views.
IDLE = ("aten::empty", "aten::new_empty", "aten::empty_like", "aten::empty_strided", "aten::set_", "aten::_unsafe_view")


def is_idle(operator):
    """Returns whether an operator makes no kernel run on a GPU."""
    if operator._schema.name in IDLE:
        return True
    returned = [value.alias_info for value in operator._schema.returns]
    return any(alias is not None and not alias.is_write for alias in returned)


class Kernels(TorchDispatchMode):
    """Counts the operators that make a kernel run on a GPU; refuses tensors on two devices or of two types."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
        # A GPU's operators take single numbers from the CPU.
        devices = {x.device.type for x in tensors if x.dim() > 0}
        if len(devices) > 1 and operator._schema.name not in COPIES:
            raise RuntimeError(f"{operator}: tensors are on {' and '.join(sorted(devices))}")
        if operator._schema.name in PRODUCTS and len({x.dtype for x in tensors}) > 1:
            raise RuntimeError(f"{operator}: matrices are of two types")
        on_cpu = tensors and all(x.device.type == "cpu" for x in tensors)
        self.count += not on_cpu and not is_idle(operator)
        return operator(*args, **kwargs)


def fused_attention(q, k, v, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False):
    """scaled_dot_product_attention by a kernel of CUDA; PyTorch's own choice on "meta" is many operators."""
    if enable_gqa:
        return torch.ops.aten._scaled_dot_product_flash_attention(q, k, v, dropout_p, is_causal, scale=scale)[0]
    if attn_mask is not None:
        attn_mask = attn_mask.expand([*q.shape[:-1], k.shape[-2]])
    return torch.ops.aten._scaled_dot_product_efficient_attention(
        q, k, v, attn_mask, torch.is_grad_enabled(), dropout_p, is_causal, scale=scale
    )[0]


def kernels(module, name, calls):
    """Runs a method with each call's arguments; returns the number of kernels of each call."""
    counts = []
    chosen = F.scaled_dot_product_attention
    F.scaled_dot_product_attention = fused_attention
    try:
        for arguments in calls:
            with torch.no_grad(), Kernels() as counted:
                getattr(module, name)(*arguments)
            counts.append(counted.count)
    finally:
        F.scaled_dot_product_attention = chosen
    return counts
