"""Cross-entropy over classes, and the divergence from a teacher's probabilities."""

from typing import List

import torch
from core.objective.cross_entropy import CrossEntropy
from core.objective.distillation import Distillation
from torch import Tensor


class SoftLabelLoss(CrossEntropy, Distillation):
    def soft_label_loss(
        self,
        logits: Tensor,
        teacher: Tensor,
        labels: Tensor,
        weight: Tensor,
        teacher_scale: float,
        label_scale: float,
    ) -> List[Tensor]:
        """logits and those of the teacher [B, C], labels [B], -100 for none, weight of each label [C]

        -> [sums of the divergences and of the cross-entropies [2], gradient [B, C] of teacher_scale *
        first sum + label_scale * second sum]
        """
        t = self.at_temperature(teacher).exp()
        logp = self.at_temperature(logits.detach())
        soft = self.divergence(t, logp).sum()
        g = (logp.exp() - t).mul_(self.teacher_weight * self.temperature * teacher_scale)
        rate = 1.0 - self.teacher_weight
        hard = self.weighted_cross_entropy(logits, labels, weight, rate * label_scale)
        return [torch.stack([soft, hard[0].squeeze(0) * rate]), g.add_(hard[1])]
