"""Cross-entropy over the vocabulary, and the divergence from tokens that stand for a teacher.

ids of the K tokens are [M, K], their log-weights [M, K] are at the temperature. See VocabularyLoss
for M, H and V.
"""

from typing import Dict, List, Tuple

import torch
from core.objective.distillation import Distillation
from core.objective.vocabulary_loss import VocabularyLoss
from torch import Tensor


class DistillationLoss(VocabularyLoss, Distillation):
    def distilled(self, z: Tensor, target: Tensor, ids: Tensor, teacher: Tensor) -> Tuple[Tensor, Tensor]:
        """F32 logits z [m, V], target [m, 1] -> losses [m], their gradients w.r.t. z [m, V]"""
        # Rounded weights do not sum to exactly 1.
        t = torch.softmax(teacher, -1)
        logp = self.at_temperature(z)
        losses = self.divergence(t, logp.gather(1, ids))
        slope = self.teacher_weight * self.temperature
        g = logp.exp().mul_(slope).scatter_add_(1, ids, t * -slope)
        rate = 1.0 - self.teacher_weight
        if rate > 0.0:
            own = logp if self.temperature == 1.0 else torch.log_softmax(z, -1)
            losses = losses - own.gather(1, target).squeeze(1) * rate
            g.add_(own.exp(), alpha=rate).scatter_add_(1, target, torch.full_like(losses, -rate).unsqueeze(1))
        return losses, g

    def distilled_losses(
        self,
        h: Tensor,
        targets: Tensor,
        ids: Tensor,
        teacher: Tensor,
        weight: Tensor,
        memory: Tensor,
        w: Dict[str, Tensor],
    ) -> Tuple[Tensor, Tensor]:
        """Sum of the losses [1], and its gradient w.r.t. the head's output, as in target_log_probs"""
        g = self.product_into(memory, h, weight)
        m = targets.size(0)
        g[m:] = 0.0
        total = torch.zeros([1], dtype=torch.float32, device=h.device)
        for begin, end in self.parts(g[:m]):
            z = self.logits(g[begin:end], w)
            losses, gradient = self.distilled(
                z, targets[begin:end].unsqueeze(1), ids[begin:end], teacher[begin:end]
            )
            total = total + losses.sum()
            if self.logit_cap > 0.0:
                gradient.mul_(z.div_(self.logit_cap).square_().neg_().add_(1))
            g[begin:end] = gradient
        return total, g

    def distillation_loss(
        self,
        h: Tensor,
        w: Dict[str, Tensor],
        targets: Tensor,
        ids: Tensor,
        teacher: Tensor,
        scale: float,
        gradients: Dict[str, Tensor],
        add: bool,
    ) -> List[Tensor]:
        """As vocabulary_loss, with the teacher's ids and log-probabilities of each token."""
        total = torch.zeros([1], dtype=torch.float32, device=h.device)
        gh = torch.empty_like(h)
        if h.size(0) == 0 and not add:
            for unreached in gradients.values():
                unreached.zero_()
        weight = self.product_weight(w["lm_head.weight"])
        memory = self.memory(h.size(0), weight)
        for begin, end in self.spans(h.size(0), self.chunk):
            hc = self.pad_rows(h[begin:end])
            loss, g = self.distilled_losses(
                hc, targets[begin:end], ids[begin:end], teacher[begin:end], weight, memory, w
            )
            total = total + loss
            torch.mul(self.times(g, weight)[: end - begin], scale, out=gh[begin:end])
            if len(gradients) > 0:
                self.put_projection(gradients, w, g, hc, scale, add or begin > 0)
        return [total, gh]

    def drawn(self, p: Tensor, u: Tensor, count: int) -> Tuple[Tensor, Tensor]:
        """F64 probabilities [m, V], u in [0, 1) [m, 1] -> ids [m, count], their weights [m, count]"""
        top, likeliest = p.topk(count)
        place = torch.arange(count, device=p.device)
        others = p.scatter(1, likeliest, 0.0).sum([1], True)
        # Probability of the token in each place and of all that are less likely.
        rest = top.flip([1]).cumsum(1).flip([1]) + others
        sure = place < (top * (count - place) >= rest).sum([1], True)
        chances = p.scatter(1, likeliest, top.masked_fill(sure, 0.0)).cumsum(1)
        first = sure.sum([1], True)
        step = chances[:, -1:] / (count - first).clamp(min=1)
        at = torch.searchsorted(chances, (place - first + u) * step, right=True).clamp(max=p.size(1) - 1)
        return torch.where(sure, likeliest, at), torch.where(sure, top, step)

    def classes(
        self, h: Tensor, w: Dict[str, Tensor], offsets: Tensor, count: int, vocabulary: int
    ) -> List[Tensor]:
        """Tokens that stand for the vocabulary's first: ids [M, count], log-weights [M, count]

        offsets are F64 in [0, 1) [M]. M is at least 1.
        """
        ids: List[Tensor] = []
        log_weights: List[Tensor] = []
        weight = self.product_weight(w["lm_head.weight"])
        memory = self.memory(h.size(0), weight)
        for begin, end in self.spans(h.size(0), self.chunk):
            products = self.product_into(memory, self.pad_rows(h[begin:end]), weight)[: end - begin]
            for i, j in self.parts(products):
                logp = self.at_temperature(self.logits(products[i:j], w)[:, :vocabulary])
                u = offsets[begin + i : begin + j].unsqueeze(1)
                token, kept = self.drawn(logp.double().exp(), u, count)
                ids.append(token.to(torch.int32))
                log_weights.append(kept.log().float())
        return [torch.cat(ids), torch.cat(log_weights)]
