"""Loss of answers that are good or bad, as in RatedLoss.java."""

from typing import List

import torch
from core.objective.document_likelihood import DocumentLikelihood
from torch import Tensor


class RatedLoss(DocumentLikelihood):
    beta: float
    desirable_weight: float
    undesirable_weight: float

    def rated_loss(
        self, losses: Tensor, documents: Tensor, answers: Tensor, divergence: float, scale: float
    ) -> List[Tensor]:
        """Losses of B documents; answers in F64 [B, 2]: the reference's log-probability, 1 if good, else -1

        losses and documents [M], see DocumentLikelihood -> [sum of losses [1], derivatives [M]]
        """
        reference, sign = answers.select(1, 0), answers.select(1, 1)
        ratio = self.log_probs(losses, documents, answers.size(0)) - reference
        z = (ratio - divergence) * sign * self.beta
        weight = sign.gt(0).to(torch.float64) * (self.desirable_weight - self.undesirable_weight)
        weight = weight + self.undesirable_weight
        loss = weight * torch.sigmoid(-z)
        slopes = loss * torch.sigmoid(z) * sign * -self.beta
        return self.weighted_tokens(loss, slopes, documents, scale)
