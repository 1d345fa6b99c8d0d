"""Matrix products in BF16, as PyTorch's autocast computes them.

A weight may be in BF16 already. Inside a product, sums are in F32. Products take and give F32 or BF16.
In BF16, conversions need no kernels of their own. Hidden states and norms are F32.
"""

from typing import Optional

import torch
import torch.nn.functional as F
from core.model.matmul import Matmul
from torch import Tensor


class Bf16Matmul(Matmul):
    def biased_product(self, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
        """As Matmul.biased_product; the bias is rounded to BF16 and added to the sums in F32.

        Up to 32 rows, oneDNN is up to 1.5 times as fast with turned_product on a CPU with AMX, and
        as fast without; a single row is repeated, because its product would be one of a vector.
        """
        x, weight = x.to(torch.bfloat16), weight.to(torch.bfloat16)
        if bias is not None:
            bias = bias.to(torch.bfloat16)
        if not x.is_cpu or x.dim() != 2 or x.size(0) > 32:
            return F.linear(x, weight, bias)
        rows = x.repeat([2, 1]) if x.size(0) == 1 else x
        if bias is None:
            y = self.turned_product(rows, weight)
        else:
            y = torch.addmm(bias.unsqueeze(1), weight, rows.t()).t().contiguous()
        return y.narrow(0, 0, x.size(0))

    def product_times(self, g: Tensor, weight: Tensor) -> Tensor:
        """As Matmul.product_times."""
        return self.product(g, weight.t())

    def bf16_product(self, x: Tensor, weight: Tensor) -> Tensor:
        """x W^T"""
        return self.product(x, weight).to(torch.float32)

    def affine(self, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
        """As Matmul.affine."""
        y = self.bf16_product(x, weight)
        return y if bias is None else y.add_(bias)

    def product_memory(self, rows: int, weight: Tensor) -> Tensor:
        """As Matmul.product_memory."""
        if not weight.is_cpu:
            return weight.new_empty([0])
        return torch.empty([rows, weight.size(0)], dtype=torch.bfloat16, device=weight.device)

    def product_into(self, memory: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        """As Matmul.product_into: getting 134 MB from the kernel takes half as long as the product."""
        rows = x.size(0)
        if not x.is_cpu or rows <= 32:
            return self.product(x, weight)
        return torch.mm(x.to(torch.bfloat16), weight.to(torch.bfloat16).t(), out=memory.narrow(0, 0, rows))

    def times(self, g: Tensor, weight: Tensor) -> Tensor:
        """As Matmul.times.

        With a vocabulary's rows, a CPU is up to 1.8 times as fast in parts, whose sums are in F32.
        """
        if not g.is_cpu or g.size(0) <= 32 or weight.size(0) < 32768:
            return self.bf16_product(g, weight.t())
        g, weight = g.to(torch.bfloat16), weight.to(torch.bfloat16)
        y = torch.zeros([g.size(0), weight.size(1)], dtype=torch.float32, device=g.device)
        for first in range(0, weight.size(0), 4096):
            y.add_(torch.mm(g[:, first : first + 4096], weight[first : first + 4096]))
        return y

    def outer(self, target: Tensor, a: Tensor, b: Tensor, add: bool) -> Tensor:
        """As Matmul.outer."""
        b = b.to(torch.bfloat16)
        # By rows, so that a whole embedding table's gradient never exists in BF16 besides F32.
        for first in range(0, target.size(0), 4096):
            rows = target[first : first + 4096]
            y = torch.mm(a[:, first : first + 4096].t().to(torch.bfloat16), b)
            if add:
                rows.add_(y)
            else:
                rows.copy_(y)
        return target

    def add_times(self, target: Tensor, g: Tensor, weight: Tensor) -> Tensor:
        """As Matmul.add_times."""
        return target.add_(self.times(g, weight))

    def is_few(self, x: Tensor) -> bool:
        """As Matmul.is_few; all products have the same speed."""
        return False

    def few_rows(self, x: Tensor, weight: Tensor) -> Tensor:
        """As Matmul.few_rows."""
        return self.bf16_product(x, weight)

    def product_weight(self, weight: Tensor) -> Tensor:
        """As Matmul.product_weight."""
        return weight.to(torch.bfloat16)

    def recorded_product(self, x: Tensor, weight: Tensor) -> Tensor:
        """As Matmul.recorded_product."""
        return self.bf16_product(x, weight)

    def pad_rows(self, x: Tensor) -> Tensor:
        """As Matmul.pad_rows: to a multiple of 16, because oneDNN compiles a kernel for each number."""
        return torch.constant_pad_nd(x, [0] * (2 * x.dim() - 1) + [-x.size(0) % 16])

    def casts(self) -> bool:
        """As Matmul.casts."""
        return True

    def cast(self, x: Tensor) -> Tensor:
        """As Matmul.cast."""
        return x.to(torch.bfloat16)

    def cast_product(self, x: Tensor, y: Tensor) -> Tensor:
        """As Matmul.cast_product, in one kernel unless PyTorch records it."""
        if torch.is_grad_enabled():
            return self.cast(x * y)
        return torch.mul(x, y, out=self.empty_cast(x))

    def empty_cast(self, x: Tensor) -> Tensor:
        """As Matmul.empty_cast."""
        return torch.empty(x.size(), dtype=torch.bfloat16, device=x.device)
