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
        """One update in place; step [] counts from 1, gradients are divided by grad_scale []."""
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
