"""Binary cross-entropy of each label."""

from typing import List

import torch
from core.objective.softplus import Softplus
from torch import Tensor


class BinaryCrossEntropy(Softplus):
    def binary_cross_entropy(
        self, logits: Tensor, targets: Tensor, pos_weight: Tensor, scale: float
    ) -> List[Tensor]:
        """Loss summed over samples and labels, and its gradient times scale.

        -pos_weight y log(sigmoid(z)) - (1 - y) log(1 - sigmoid(z)), z and y [B, labels], pos_weight [labels]
        -> [sum [1], d(scale * sum) / dz]
        """
        z = logits.detach()
        positive = pos_weight * targets
        either = positive + 1 - targets
        loss = ((1 - targets) * z + either * self.softplus(-z)).sum()
        return [loss.unsqueeze(0), (either * torch.sigmoid(z) - positive) * scale]
