"""Output of weight gradients.

gradients holds, by the weights' local names, the tensors that the gradients of trained weights are
written to. add says whether gradients are added to the tensors' values or replace them.

If it also holds sample_rows [n], I64 on the CPU, an adapter's gradients are written for each sample:
the tensors have a leading dimension of n samples, and sample i has the next sample_rows[i] rows.
"""

from typing import Dict, List

import torch
from core.model.matmul import Matmul
from torch import Tensor


class WeightGradients(Matmul):
    def put(self, gradients: Dict[str, Tensor], name: str, g: Tensor, add: bool) -> None:
        """Writes the gradient of a weight, if it is trained."""
        if name in gradients:
            if add:
                gradients[name].add_(g)
            else:
                gradients[name].copy_(g)

    def put_product(self, gradients: Dict[str, Tensor], name: str, a: Tensor, b: Tensor, add: bool) -> None:
        """Writes the gradient a^T b of a weight, if it is trained: a [N, out], b [N, in]"""
        if name in gradients:
            if "sample_rows" in gradients:
                self.put_sample_products(gradients, name, a, b, add)
            else:
                self.outer(gradients[name], a, b, add)

    def put_sample_products(
        self, gradients: Dict[str, Tensor], name: str, a: Tensor, b: Tensor, add: bool
    ) -> None:
        """Writes the gradient a^T b of a weight for each sample, in F32."""
        rows: List[int] = gradients["sample_rows"].tolist()
        targets = gradients[name]
        a, b = a.to(torch.float32), b.to(torch.float32)
        first = 0
        for i in range(len(rows)):
            ai, bi = a.narrow(0, first, rows[i]), b.narrow(0, first, rows[i])
            targets[i].addmm_(ai.t(), bi, beta=1 if add else 0, alpha=1)
            first += rows[i]
