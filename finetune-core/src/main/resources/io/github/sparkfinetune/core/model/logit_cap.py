"""Logits z that a family bounds: cap tanh(z / cap); a cap of 0 is none."""

import torch
from torch import Tensor


class LogitCap(torch.nn.Module):
    logit_cap: float

    def capped_logits(self, z: Tensor) -> Tensor:
        """In place of z."""
        if self.logit_cap == 0.0:
            return z
        return z.div_(self.logit_cap).tanh_().mul_(self.logit_cap)
