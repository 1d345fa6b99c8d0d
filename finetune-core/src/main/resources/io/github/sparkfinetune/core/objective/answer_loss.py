"""Cross-entropy of the first and last token of answers to questions."""

from typing import List

import torch
from core.objective.cross_entropy import CrossEntropy
from torch import Tensor


class AnswerLoss(CrossEntropy):
    def answer_loss(
        self,
        logits: Tensor,
        rows: Tensor,
        lengths: Tensor,
        answers: Tensor,
        start_scale: float,
        end_scale: float,
    ) -> List[Tensor]:
        """Summed cross-entropies of first and last token, over the tokens of each text.

        logits [N, 2]; rows [B, T]: indices of each text's tokens, of which the first lengths [B] are
        valid; answers [B, 2], -100 for none
        -> [sums [2], gradient [N, 2] of start_scale * first sum + end_scale * second sum]
        """
        flat = rows.view([-1])
        positions = torch.arange(rows.size(1), device=logits.device)
        beyond = positions.unsqueeze(0).ge(lengths.unsqueeze(1))
        z = logits.detach().index_select(0, flat).view([rows.size(0), rows.size(1), 2])
        z = z.masked_fill(beyond.unsqueeze(2), float("-inf"))
        start = self.cross_entropy(z.select(2, 0), answers.select(1, 0), start_scale)
        end = self.cross_entropy(z.select(2, 1), answers.select(1, 1), end_scale)
        g = torch.stack([start[1], end[1]], 2).view([-1, 2])
        return [torch.cat([start[0], end[0]]), torch.zeros_like(logits).index_add_(0, flat, g)]
