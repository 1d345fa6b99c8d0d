"""Output of weight gradients.

gradients holds, by the weights' local names, the tensors that the gradients of trained weights are
written to. add says whether gradients are added to the tensors' values or replace them.
"""

from typing import Dict

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
            self.outer(gradients[name], a, b, add)
