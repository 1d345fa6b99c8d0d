"""Loss of the preference between two answers, as in PairLoss.java."""

from typing import List

import torch
from core.objective.document_likelihood import DocumentLikelihood
from core.objective.softplus import Softplus
from torch import Tensor


class PairLoss(DocumentLikelihood, Softplus):
    beta: float
    label_smoothing: float
    simpo_gamma: float
    rpo_alpha: float
    loss_type: str

    def pair_loss(self, losses: Tensor, documents: Tensor, reference: Tensor, scale: float) -> List[Tensor]:
        """Losses of B pairs of documents, the chosen answers first; reference in F64 [B, 2]

        losses and documents [M], see DocumentLikelihood -> [sum of losses [1], derivatives [M]]
        """
        n = reference.size(0)
        own = self.log_probs(losses, documents, 2 * n).view([n, 2])
        tokens = self.is_other(documents, 2 * n).eq(0).sum([1]).view([n, 2])
        loss, slopes = self.preference(own - reference, tokens)
        if self.rpo_alpha > 0.0:
            chosen = tokens.select(1, 0)
            loss = loss - own.select(1, 0) * self.rpo_alpha / chosen
            slopes.select(1, 0).sub_(self.rpo_alpha / chosen)
        return self.weighted_tokens(loss, slopes.view([-1]), documents, scale)

    def preference(self, ratios: Tensor, tokens: Tensor) -> List[Tensor]:
        """ratios in F64 and tokens [B, 2] of chosen and rejected answers

        -> losses [B] and their derivatives by the ratios [B, 2]
        """
        means = ratios / tokens
        if self.loss_type == "ipo":
            off = means.select(1, 0) - means.select(1, 1) - 1.0 / (2.0 * self.beta)
            return [off.square(), self.opposed(2.0 * off) / tokens]
        if self.loss_type == "simpo":
            z = self.beta * (means.select(1, 0) - means.select(1, 1)) - self.simpo_gamma
            loss, slope = self.logistic(z)
            return [loss, self.opposed(slope) / tokens]
        if self.loss_type == "orpo":
            return self.odds_ratio(means, tokens)
        if self.loss_type == "apo_zero":
            p = torch.sigmoid(self.beta * ratios)
            slopes = p * (1.0 - p) * self.beta
            slopes.select(1, 0).neg_()
            return [1.0 - p.select(1, 0) + p.select(1, 1), slopes]
        z = self.beta * (ratios.select(1, 0) - ratios.select(1, 1))
        if self.loss_type == "apo_down":
            p, right = torch.sigmoid(self.beta * ratios.select(1, 0)), torch.sigmoid(z)
            slopes = self.opposed(right * (right - 1.0) * self.beta)
            slopes.select(1, 0).add_(p * (1.0 - p) * self.beta)
            return [p + 1.0 - right, slopes]
        if self.loss_type == "hinge":
            return [(1.0 - z).clamp(min=0.0), self.opposed(z.lt(1.0).to(z.dtype) * -self.beta)]
        loss, slope = self.logistic(z)
        return [loss, self.opposed(slope)]

    def opposed(self, slope: Tensor) -> Tensor:
        """Derivatives [B, 2], given those by the chosen answer [B], if only the difference of both counts."""
        return torch.stack([slope, -slope], 1)

    def logistic(self, z: Tensor) -> List[Tensor]:
        """Losses [B] of the margins z [B] and beta times their derivatives, with label smoothing."""
        right = 1.0 - self.label_smoothing
        wrong = self.label_smoothing
        total = 1.0
        if self.loss_type == "robust":
            wrong = -wrong
            total = right + wrong
        loss = (self.softplus(-z) * right + self.softplus(z) * wrong) / total
        slope = (torch.sigmoid(z) * wrong - torch.sigmoid(-z) * right) * (self.beta / total)
        return [loss, slope]

    def odds_ratio(self, means: Tensor, tokens: Tensor) -> List[Tensor]:
        """As preference, of log-probabilities per token."""
        below = means.clamp(max=-1e-9)
        rest = -torch.expm1(below)
        odds = below - torch.log(rest)
        z = odds.select(1, 0) - odds.select(1, 1)
        slopes = self.opposed(torch.sigmoid(-z) * -self.beta) / rest
        slopes.select(1, 0).sub_(1.0)
        loss = self.softplus(-z) * self.beta - means.select(1, 0)
        return [loss, slopes / tokens]
