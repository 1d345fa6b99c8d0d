"""Squared error."""

from typing import List

import torch
from torch import Tensor


class MeanSquaredError(torch.nn.Module):
    def squared_error(self, logits: Tensor, targets: Tensor, scale: float) -> List[Tensor]:
        """Squared error summed over the samples, and its gradient times scale.

        logits [B, 1], targets [B, 1] -> [sum [1], d(scale * sum) / d(logits)]
        """
        d = logits.detach() - targets
        return [d.square().sum().unsqueeze(0), d * (2 * scale)]
