"""Cap of logits z: cap tanh(z / cap); 0 means no cap."""

import torch
from torch import Tensor


class LogitCap(torch.nn.Module):
    logit_cap: float

    def capped_logits(self, z: Tensor) -> Tensor:
        """Caps z in place."""
        if self.logit_cap == 0.0:
            return z
        return z.div_(self.logit_cap).tanh_().mul_(self.logit_cap)
