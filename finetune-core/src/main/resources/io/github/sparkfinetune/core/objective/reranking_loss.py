"""Losses of documents that are compared with the other documents of their query, as in RerankingLoss.java.

logits [D, 1] and relevance [D, 1] of all documents; places [D]: the document's list times longest, plus
its place in the list. Each method returns the sum of the losses of all lists, [1], and its gradient
times scale, [D, 1].
"""

from typing import List

import torch
from core.objective.softplus import Softplus
from torch import Tensor


class RerankingLoss(Softplus):
    # The weight of NDCG-Loss2 beside that of LambdaRank.
    mu: float

    def by_list(self, values: Tensor, places: Tensor, lists: int, longest: int) -> Tensor:
        """values of documents [D, 1] -> [lists, longest], -inf where a list has no more documents"""
        lacking = torch.full([lists * longest], float("-inf"), dtype=torch.float32, device=values.device)
        values = values.detach().view([-1]).to(torch.float32)
        return lacking.index_copy(0, places, values).view([lists, longest])

    def of_documents(self, gradient: Tensor, places: Tensor) -> Tensor:
        return gradient.reshape([-1]).index_select(0, places).view([-1, 1])

    def absolute(self, x: Tensor) -> Tensor:
        return torch.maximum(x, -x)

    def list_net(
        self, logits: Tensor, relevance: Tensor, places: Tensor, lists: int, longest: int, scale: float
    ) -> List[Tensor]:
        z = self.by_list(logits, places, lists, longest)
        expected = torch.softmax(self.by_list(relevance, places, lists, longest), 1)
        predicted = torch.log_softmax(z, 1)
        # The product of no probability and the logarithm of none is 0.
        loss = -(expected * predicted.clamp(min=-1e30)).sum()
        gradient = (predicted.exp() - expected) * scale
        return [loss.unsqueeze(0), self.of_documents(gradient, places)]

    def lambda_loss(
        self, logits: Tensor, relevance: Tensor, places: Tensor, lists: int, longest: int, scale: float
    ) -> List[Tensor]:
        """The first document of a list is the relevant one."""
        z = self.by_list(logits, places, lists, longest)
        other, own = z.unsqueeze(1), z.unsqueeze(2)
        earlier = torch.ones([longest, longest], dtype=torch.bool, device=z.device).tril(-1)
        before = other.gt(own) | (other.eq(own) & earlier.unsqueeze(0))
        rank = before.sum(2).to(torch.float32) + 1.0
        first, others = rank.narrow(1, 0, 1), rank.narrow(1, 1, longest - 1)
        between = self.absolute(first - others)
        near = 1.0 / torch.log2(1.0 + between) - 1.0 / torch.log2(2.0 + between)
        swapped = self.absolute(1.0 / torch.log2(1.0 + first) - 1.0 / torch.log2(1.0 + others))
        weight = (near * self.mu + swapped) / 0.6931471805599453
        behind = z.narrow(1, 1, longest - 1) - z.narrow(1, 0, 1)
        loss = (weight * self.softplus(behind)).sum()
        slope = weight * torch.sigmoid(behind) * scale
        gradient = torch.cat([-slope.sum(1, True), slope], 1)
        return [loss.unsqueeze(0), self.of_documents(gradient, places)]
