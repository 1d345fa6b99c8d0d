"""Loss of the preference between two answers, as in PairLoss.java."""

from typing import List

import torch
from core.objective.document_likelihood import DocumentLikelihood
from torch import Tensor


class PairLoss(DocumentLikelihood):
    beta: float
    label_smoothing: float
    loss_type: str

    def log_sigmoid(self, z: Tensor) -> Tensor:
        return z.clamp(max=0.0) - torch.log1p(torch.exp(torch.minimum(z, -z)))

    def pair_loss(self, losses: Tensor, documents: Tensor, reference: Tensor, scale: float) -> List[Tensor]:
        """Losses of B pairs of documents, the chosen answers first; reference in F64 [B, 2]

        losses and documents [M], see DocumentLikelihood -> [sum of losses [1], derivatives [M]]
        """
        n = reference.size(0)
        ratios = self.log_probs(losses, documents, 2 * n).view([n, 2]) - reference
        if self.loss_type == "ipo":
            tokens = self.is_other(documents, 2 * n).eq(0).sum([1]).view([n, 2])
            means = ratios / tokens
            off = means.select(1, 0) - means.select(1, 1) - 1.0 / (2.0 * self.beta)
            loss = off.square()
            slope = 2.0 * off
            slopes = torch.stack([slope, -slope], 1) / tokens
        else:
            z = self.beta * (ratios.select(1, 0) - ratios.select(1, 1))
            right = 1.0 - self.label_smoothing
            wrong = self.label_smoothing
            total = 1.0
            if self.loss_type == "robust":
                wrong = -wrong
                total = right + wrong
            loss = (self.log_sigmoid(z) * right + self.log_sigmoid(-z) * wrong) / -total
            slope = (torch.sigmoid(z) * wrong - torch.sigmoid(-z) * right) * (self.beta / total)
            slopes = torch.stack([slope, -slope], 1)
        return self.weighted_tokens(loss, slopes.view([-1]), documents, scale)
