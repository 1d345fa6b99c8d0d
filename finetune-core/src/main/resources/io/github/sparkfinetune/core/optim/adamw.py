"""AdamW by PyTorch's fused kernel."""

from typing import List

import torch
from torch import Tensor


class AdamW(torch.nn.Module):
    beta1: float
    beta2: float
    eps: float

    def adamw(
        self,
        parameters: List[Tensor],
        gradients: List[Tensor],
        exp_avgs: List[Tensor],
        exp_avg_sqs: List[Tensor],
        step: Tensor,
        grad_scale: Tensor,
        lr: float,
        weight_decay: float,
    ) -> Tensor:
        """One update in place; step [] starts at 1, gradients are divided by grad_scale []."""
        torch._fused_adamw_(
            parameters,
            gradients,
            exp_avgs,
            exp_avg_sqs,
            [],
            [step for _ in parameters],
            lr=lr,
            beta1=self.beta1,
            beta2=self.beta2,
            weight_decay=weight_decay,
            eps=self.eps,
            amsgrad=False,
            maximize=False,
            grad_scale=grad_scale,
        )
        return step

    def adamw_rows(
        self,
        parameter: Tensor,
        begin: int,
        ids: Tensor,
        rows: Tensor,
        ends: List[int],
        window: Tensor,
        exp_avg: Tensor,
        exp_avg_sq: Tensor,
        step: Tensor,
        grad_scale: Tensor,
        lr: float,
        weight_decay: float,
    ) -> Tensor:
        """adamw of a table's values from begin on; the gradient is rows [N, W] at ids [N], else zero.

        The table is updated by windows of h rows [h, W], the first with the value begin. ends has the
        number of ids before the end of each window, preceded by the number before the first window.
        window is zero before and after the call.
        """
        p = parameter.detach().view([-1])
        m = exp_avg.view([-1])
        v = exp_avg_sq.view([-1])
        g = window.view([-1])
        first = begin // g.size(0)
        for i in range(len(ends) - 1):
            indices = ids[ends[i] : ends[i + 1]] - (first + i) * window.size(0)
            window.index_copy_(0, indices, rows[ends[i] : ends[i + 1]])
            # The window's first index in the parameter's values; negative if a share begins within it.
            at = (first + i) * g.size(0) - begin
            a = max(at, 0)
            b = min(at + g.size(0), p.size(0))
            part = g[a - at : b - at]
            self.adamw([p[a:b]], [part], [m[a:b]], [v[a:b]], step, grad_scale, lr, weight_decay)
            window.index_fill_(0, indices, 0.0)
        return step
