"""Matrix products in F32, on a CPU by oneDNN.

oneDNN uses AVX-512 on every CPU that has it, whereas MKL, which F.linear and torch.mm call, uses it
only on Intel's CPUs. oneDNN's operator has no gradient.
"""

from typing import Optional

import torch
import torch.nn.functional as F
from core.model.matmul import Matmul
from torch import Tensor


class OneDnnMatmul(Matmul):
    def affine(self, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
        """As Matmul.affine."""
        # MKL for weights with more columns than rows, because oneDNN takes 1.1 to 1.8 times as long
        # to transpose them.
        if not x.is_cpu or weight.size(1) > weight.size(0):
            return F.linear(x, weight, bias)
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")

    def times(self, g: Tensor, weight: Tensor) -> Tensor:
        """As Matmul.times."""
        if not g.is_cpu:
            return torch.mm(g, weight)
        return torch.ops.mkldnn._linear_pointwise(g, weight.t(), None, "none", [], "")

    def is_few(self, x: Tensor) -> bool:
        """As Matmul.is_few."""
        return x.dim() == 2 and x.size(0) <= 4

    def few_rows(self, x: Tensor, weight: Tensor) -> Tensor:
        """As Matmul.few_rows: MKL's turned_product is two to three times as fast as oneDNN.

        A single row is repeated, because a product of a matrix and a vector runs on one thread.
        """
        if not x.is_cpu:
            return F.linear(x, weight)
        if x.size(0) == 1:
            return self.turned_product(x.repeat([2, 1]), weight).narrow(0, 0, 1)
        return self.turned_product(x, weight)
