"""Output of weight gradients.

gradients holds, by the weights' local names, the tensors that the gradients of trained weights are
written to. add says whether gradients are added to the tensors' values or replace them.

If it also holds sample_rows [n], I64 on the CPU, an adapter's gradients are written for each sample:
the tensors have a leading dimension of n samples, and sample i has the next sample_rows[i] rows.

If it also holds sample_squares [n], F64, no gradient is written. The squared L2 norms of the
samples' gradients are added to sample_squares.
"""

from typing import Dict, List

import torch
from core.model.matmul import Matmul
from torch import Tensor


class WeightGradients(Matmul):
    def put(self, gradients: Dict[str, Tensor], name: str, g: Tensor, add: bool) -> None:
        """Writes the gradient of a weight, if it is trained."""
        if name in gradients:
            assert "sample_squares" not in gradients, "the gradient of a sample cannot be measured"
            if add:
                gradients[name].add_(g)
            else:
                gradients[name].copy_(g)

    def put_sum(self, gradients: Dict[str, Tensor], name: str, g: Tensor, add: bool) -> None:
        """Writes the gradient of a weight, if it is trained: the sum of the rows of g [N, out]"""
        if name in gradients:
            if "sample_squares" in gradients:
                self.add_squares_of_sums(gradients, g)
            else:
                self.put(gradients, name, g.sum([0]), add)

    def put_product(self, gradients: Dict[str, Tensor], name: str, a: Tensor, b: Tensor, add: bool) -> None:
        """Writes the gradient a^T b of a weight, if it is trained: a [N, out], b [N, in]"""
        if name in gradients:
            if "sample_squares" in gradients:
                self.add_squares_of_products(gradients, a, b)
            elif "sample_rows" in gradients:
                self.put_sample_products(gradients, name, a, b, add)
            else:
                self.outer(gradients[name], a, b, add)

    def put_sample_products(
        self, gradients: Dict[str, Tensor], name: str, a: Tensor, b: Tensor, add: bool
    ) -> None:
        """Writes the gradient a^T b of a weight for each sample, in F32."""
        rows: List[int] = gradients["sample_rows"].tolist()
        # Views made at once take less time than three views a sample.
        targets = gradients[name].unbind(0)
        # Filler may follow the samples' rows.
        parts = rows + [a.size(0) - sum(rows)]
        of_a = a.to(torch.float32).t().split_with_sizes(parts, 1)
        of_b = b.to(torch.float32).split_with_sizes(parts, 0)
        for i in range(len(rows)):
            if add:
                targets[i].addmm_(of_a[i], of_b[i])
            else:
                torch.mm(of_a[i], of_b[i], out=targets[i])

    def add_squares_of_sums(self, gradients: Dict[str, Tensor], g: Tensor) -> None:
        """Adds the squared norm of the sum of each sample's rows of g [N, out]"""
        rows: List[int] = gradients["sample_rows"].tolist()
        first = 0
        for i in range(len(rows)):
            self.add_square(gradients, i, g.narrow(0, first, rows[i]).sum([0], dtype=torch.float32))
            first += rows[i]

    def add_squares_of_products(self, gradients: Dict[str, Tensor], a: Tensor, b: Tensor) -> None:
        """Adds the squared norm of a^T b of each sample: a [N, out], b [N, in]

        It is the sum of (a a^T) * (b b^T), which takes less time than a^T b if a sample has few rows.
        """
        rows: List[int] = gradients["sample_rows"].tolist()
        squares = gradients["sample_squares"]
        out, width = a.size(1), b.size(1)
        first = 0
        for i in range(len(rows)):
            ai, bi = a.narrow(0, first, rows[i]), b.narrow(0, first, rows[i])
            if rows[i] * (out + width) < out * width:
                both = torch.mm(ai, ai.t()).mul_(torch.mm(bi, bi.t()))
                # Rounding can make the square of a tiny norm negative.
                squares[i].add_(both.sum(dtype=torch.float64).clamp_(min=0.0))
            else:
                self.add_square(gradients, i, torch.mm(ai.t(), bi))
            first += rows[i]

    def add_square(self, gradients: Dict[str, Tensor], i: int, g: Tensor) -> None:
        """Adds the squared norm of a gradient of sample i."""
        norm = torch.linalg.vector_norm(g, 2, dtype=torch.float64)
        gradients["sample_squares"][i].addcmul_(norm, norm)
