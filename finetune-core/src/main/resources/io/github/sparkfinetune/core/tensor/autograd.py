"""Differentiation of graphs that PyTorch has recorded."""

from typing import List, Optional

import torch
from torch import Tensor


class Autograd(torch.nn.Module):
    def leaf(self, x: Tensor) -> Tensor:
        """The same values without their history, as the start of a new graph."""
        return x.detach().requires_grad_(True)

    def backward(
        self,
        y: Tensor,
        gy: Tensor,
        x: List[Tensor],
        parameters: List[Tensor],
        gradients: List[Tensor],
        add: bool,
        shared: int,
    ) -> List[Tensor]:
        """Gradients through y, given the loss's gradient gy with respect to y.

        The parameters' gradients are copied or added into gradients; a parameter that the loss does
        not depend on gets zeros. The gradients of the last parameters, as many as shared says, are
        always added. The gradients of x (none or one tensor) are returned.
        """
        upstream: List[Optional[Tensor]] = [gy]
        found = torch.autograd.grad([y], x + parameters, upstream, allow_unused=True)
        gx: List[Tensor] = []
        for i in range(len(x)):
            g = found[i]
            gx.append(torch.zeros_like(x[i]) if g is None else g)
        for i in range(len(parameters)):
            g = found[len(x) + i]
            kept = add or i >= len(parameters) - shared
            if g is None:
                if not kept:
                    gradients[i].zero_()
            elif kept:
                gradients[i].add_(g)
            else:
                gradients[i].copy_(g)
        return gx
