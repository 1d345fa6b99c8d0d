"""Matrix products in F32, by PyTorch's own choice of library."""

from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor


class Matmul(torch.nn.Module):
    def affine(self, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
        """x W^T + bias without a graph: x [..., in], weight [out, in], bias [out] -> [..., out]"""
        return F.linear(x, weight, bias)

    def product(self, x: Tensor, weight: Tensor) -> Tensor:
        """x W^T without a graph, in the type that products are in: x [N, in], weight [out, in] -> [N, out]"""
        return self.affine(x, weight, None)

    def product_times(self, g: Tensor, weight: Tensor) -> Tensor:
        """As times, in the type that products are in."""
        return self.times(g, weight)

    def times(self, g: Tensor, weight: Tensor) -> Tensor:
        """g W without a graph: g [N, out], weight [out, in] -> [N, in]"""
        return torch.mm(g, weight)

    def outer(self, target: Tensor, a: Tensor, b: Tensor, add: bool) -> Tensor:
        """target = a^T b, or target += a^T b, in place: a [N, out], b [N, in], target [out, in]"""
        return target.addmm_(a.t(), b, beta=1 if add else 0, alpha=1)

    def add_times(self, target: Tensor, g: Tensor, weight: Tensor) -> Tensor:
        """target += g W, in place: target [N, in]"""
        return target.addmm_(g, weight)

    def is_few(self, x: Tensor) -> bool:
        """Whether few_rows is the faster product of x."""
        return x.dim() == 2 and x.size(0) <= 32

    def few_rows(self, x: Tensor, weight: Tensor) -> Tensor:
        """x W^T without a graph: x [N, in] -> [N, out]

        From 4 rows on MKL is up to twice as fast in turned_product, for fewer two to three times as
        slow.
        """
        if x.is_cuda or x.size(0) < 4:
            return F.linear(x, weight)
        return self.turned_product(x, weight)

    def turned_product(self, x: Tensor, weight: Tensor) -> Tensor:
        """x W^T as (W x^T)^T, which reads the weight as it lies: x [N, in] -> [N, out]"""
        return torch.mm(weight, x.t()).t().contiguous()

    def product_weight(self, weight: Tensor) -> Tensor:
        """A weight in the form that products read, for one that several of them do."""
        return weight

    def recorded_product(self, x: Tensor, weight: Tensor) -> Tensor:
        """x W^T with a graph."""
        return F.linear(x, weight)

    def pad_rows(self, x: Tensor) -> Tensor:
        """x [N, ...] and zeros behind it, to as many rows as products take sooner."""
        return x

    def cast(self, x: Tensor) -> Tensor:
        """x in the compute dtype, in which a layer keeps it for its backward."""
        return x
