"""A call that takes long, of many small products by oneDNN."""

import torch
from torch import Tensor


class LongCall(torch.nn.Module):
    def products(self, x: Tensor, count: int) -> Tensor:
        """((x x^T) x^T) ... of so many products: x [N, N] -> [N, N]"""
        y = x
        for _ in range(count):
            y = torch.ops.mkldnn._linear_pointwise(y, x, None, "none", [], "")
        return y
