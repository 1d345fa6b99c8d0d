"""L2-SP: a pull of a parameter towards its initial value."""

import torch
from torch import Tensor


class L2SpPenalty(torch.nn.Module):
    def pull(self, parameter: Tensor, start: Tensor, share: float) -> Tensor:
        """Moves parameter, in place, by a share of its distance to start."""
        return parameter.detach().lerp_(start, share)
