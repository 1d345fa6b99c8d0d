"""L2-SP: a pull to where a parameter started."""

import torch
from torch import Tensor


class L2SpPenalty(torch.nn.Module):
    def pull(self, parameter: Tensor, start: Tensor, share: float) -> Tensor:
        """Moves parameter, in place, by this share of its way to start."""
        return parameter.detach().lerp_(start, share)
