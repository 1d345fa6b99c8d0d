"""Matrix products in F32, by the library that PyTorch chooses."""

from typing import Dict, List, Optional

import torch
import torch.nn.functional as F
from torch import Tensor


class Matmul(torch.nn.Module):
    def affine(self, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
        """x W^T + bias without a graph: x [..., in], weight [out, in], bias [out] -> [..., out]"""
        return F.linear(x, weight, bias)

    def product(self, x: Tensor, weight: Tensor) -> Tensor:
        """x W^T without a graph, in the products' type: x [N, in], weight [out, in] -> [N, out]"""
        return self.biased_product(x, weight, None)

    def biased_product(self, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
        """As affine, in the products' type."""
        return self.affine(x, weight, bias)

    def product_times(self, g: Tensor, weight: Tensor) -> Tensor:
        """As times, in the products' type."""
        return self.times(g, weight)

    def product_memory(self, rows: int, weight: Tensor) -> Tensor:
        """Memory for results of product_into with up to so many rows, for several products."""
        return weight.new_empty([0])

    def product_into(self, memory: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        """As product, in product_memory where that is faster; it overwrites the last result there."""
        return self.product(x, weight)

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
        """Whether few_rows is the faster product for x."""
        return x.dim() == 2 and x.size(0) <= 32

    def few_rows(self, x: Tensor, weight: Tensor) -> Tensor:
        """x W^T without a graph: x [N, in] -> [N, out]

        From 4 rows on, MKL is up to twice as fast with turned_product; for fewer rows, it is two to
        three times as slow.
        """
        if not x.is_cpu or x.size(0) < 4:
            return F.linear(x, weight)
        return self.turned_product(x, weight)

    def turned_product(self, x: Tensor, weight: Tensor) -> Tensor:
        """x W^T as (W x^T)^T, which reads the weight in its stored layout: x [N, in] -> [N, out]"""
        return torch.mm(weight, x.t()).t().contiguous()

    def product_weight(self, weight: Tensor) -> Tensor:
        """A weight in the products' type, for use in several products."""
        return weight

    def recorded_product(self, x: Tensor, weight: Tensor) -> Tensor:
        """x W^T with a graph."""
        return F.linear(x, weight)

    def pad_rows(self, x: Tensor) -> Tensor:
        """x [N, ...] followed by zeros, up to a number of rows at which products are faster."""
        return x

    def casts(self) -> bool:
        """Whether the compute dtype differs from F32."""
        return False

    def cast(self, x: Tensor) -> Tensor:
        """x in the compute dtype, in which layers keep tensors for the backward."""
        return x

    def cast_product(self, x: Tensor, y: Tensor) -> Tensor:
        """x * y in the compute dtype; x may be overwritten."""
        return x.mul_(y)

    def empty_cast(self, x: Tensor) -> Tensor:
        """An uninitialised tensor of the size of x in the compute dtype."""
        return torch.empty_like(x)

    def pack(self, weight: Tensor) -> List[Tensor]:
        """The tensors NAME.packed, NAME.packed_scale and so on of a weight [out, in] that never changes.

        None here: the other methods of packed weights are not called.
        """
        return []

    def packed_input(self, x: Tensor, w: Dict[str, Tensor], name: str) -> List[Tensor]:
        """An input x [N, in] of one or several packed products, whose weights have the same shape."""
        return [x]

    def packed_product(self, inputs: List[Tensor], w: Dict[str, Tensor], name: str, gelu: str) -> Tensor:
        """x W^T + b [N, out] in the compute dtype, without a graph, of a packed weight.

        inputs: result of packed_input; gelu: "" for none, "none" or "tanh" for the GELU of the result
        with this approximation.
        """
        return inputs[0]
