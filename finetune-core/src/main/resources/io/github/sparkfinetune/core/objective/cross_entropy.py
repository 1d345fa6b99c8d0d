"""Cross-entropy over classes."""

from typing import List

import torch
from torch import Tensor


class CrossEntropy(torch.nn.Module):
    def cross_entropy(self, logits: Tensor, labels: Tensor, scale: float) -> List[Tensor]:
        """Summed cross-entropy over the rows whose label is not -100, and its gradient times scale.

        logits [..., classes], labels [...] -> [sum [1], d(scale * sum) / d(logits)]
        """
        z = logits.detach().view([-1, logits.size(-1)])
        y = labels.view([-1])
        kept = y.ne(-100).unsqueeze(1)
        target = y.clamp(min=0).unsqueeze(1)
        logp = torch.log_softmax(z, -1)
        loss = -(logp.gather(1, target) * kept).sum()
        g = logp.exp().scatter_add(1, target, -torch.ones_like(target, dtype=torch.float32))
        return [loss.unsqueeze(0), (g * kept * scale).view(logits.size())]
