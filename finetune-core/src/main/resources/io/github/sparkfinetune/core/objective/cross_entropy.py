"""Cross-entropy over classes."""

from typing import List

import torch
from torch import Tensor


class CrossEntropy(torch.nn.Module):
    def cross_entropy(self, logits: Tensor, labels: Tensor, scale: float) -> List[Tensor]:
        """Summed cross-entropy over the rows whose label is not -100, and its gradient times scale.

        logits [..., classes], labels [...] -> [sum [1], d(scale * sum) / d(logits)]
        """
        return self.row_cross_entropy(logits, labels, labels.view([-1]).ne(-100), scale)

    def weighted_cross_entropy(
        self, logits: Tensor, labels: Tensor, weight: Tensor, scale: float
    ) -> List[Tensor]:
        """As cross_entropy, each row times the weight [classes] of its label."""
        y = labels.view([-1])
        weights = weight.index_select(0, y.clamp(min=0)) * y.ne(-100)
        return self.row_cross_entropy(logits, labels, weights, scale)

    def row_cross_entropy(self, logits: Tensor, labels: Tensor, weight: Tensor, scale: float) -> List[Tensor]:
        """As cross_entropy, each row times its weight; a row with label -100 has the weight 0."""
        z = logits.detach().view([-1, logits.size(-1)])
        row_weight = weight.unsqueeze(1)
        target = labels.view([-1]).clamp(min=0).unsqueeze(1)
        logp = torch.log_softmax(z, -1)
        loss = -(logp.gather(1, target) * row_weight).sum()
        g = logp.exp().scatter_add(1, target, -torch.ones_like(target, dtype=torch.float32))
        return [loss.unsqueeze(0), (g * row_weight * scale).view(logits.size())]
