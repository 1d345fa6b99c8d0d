"""Likelihood of whole documents, from the losses of their tokens.

M tokens with a label, D documents; documents [M] is the index of each token's document.
"""

from typing import List

import torch
from torch import Tensor


class DocumentLikelihood(torch.nn.Module):
    def is_other(self, documents: Tensor, count: int) -> Tensor:
        """Whether a token is of another document: [D, M]"""
        own = torch.arange(count, device=documents.device).unsqueeze(1)
        return documents.unsqueeze(0).ne(own)

    def log_probs(self, losses: Tensor, documents: Tensor, count: int) -> Tensor:
        """The sum of each document's log-probabilities, in F64 [D]; losses [M] in F32"""
        terms = losses.to(torch.float64).neg().unsqueeze(0).expand([count, -1])
        return terms.masked_fill(self.is_other(documents, count), 0.0).sum([1])

    def weighted_tokens(self, loss: Tensor, slopes: Tensor, documents: Tensor, scale: float) -> List[Tensor]:
        """Losses of the samples, and their derivatives by the documents' log-probabilities [D], in F64

        -> [sum of losses [1] in F64, scale times the derivative by each token's loss [M] in F32]
        """
        by_loss = slopes.mul(-scale).to(torch.float32)
        return [loss.sum().unsqueeze(0), by_loss.index_select(0, documents)]
