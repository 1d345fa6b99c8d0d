"""Cross-entropy of where the answers of questions begin and end."""

from typing import List

import torch
from core.objective.cross_entropy import CrossEntropy
from torch import Tensor


class AnswerLoss(CrossEntropy):
    def answer_loss(
        self, logits: Tensor, lengths: Tensor, answers: Tensor, start_scale: float, end_scale: float
    ) -> List[Tensor]:
        """Summed cross-entropies of first and last token, over the first lengths [B] tokens of each text.

        logits [B, T, 2], answers [B, 2] with -100 for none
        -> [sums [2], gradient [B, T, 2] of start_scale * first sum + end_scale * second sum]
        """
        places = torch.arange(logits.size(1), device=logits.device)
        beyond = places.unsqueeze(0).ge(lengths.unsqueeze(1))
        z = logits.detach().masked_fill(beyond.unsqueeze(2), float("-inf"))
        start = self.cross_entropy(z.select(2, 0), answers.select(1, 0), start_scale)
        end = self.cross_entropy(z.select(2, 1), answers.select(1, 1), end_scale)
        return [torch.cat([start[0], end[0]]), torch.stack([start[1], end[1]], 2)]
