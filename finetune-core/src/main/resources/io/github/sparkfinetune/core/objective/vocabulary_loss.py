"""Cross-entropy over the vocabulary from the last hidden states, without all logits at once.

M tokens with a label, H hidden, V vocabulary. The logits of self.chunk tokens exist at a time, in
the products' type, and the logits of self.part of these tokens in F32, which stay in the cache.
w holds the weights that map hidden states to logits: lm_head.weight [V, H], and optionally
lm_head.bias [V]. Logits are capped as in logit_cap.py.
"""

from typing import Dict, List, Tuple

import torch
from core.model.logit_cap import LogitCap
from core.model.weight_gradients import WeightGradients
from torch import Tensor


class VocabularyLoss(WeightGradients, LogitCap):
    chunk: int
    part: int

    def spans(self, n: int, size: int) -> List[Tuple[int, int]]:
        """[begin, end) of each size of n tokens; the last range has the rest."""
        return [(i, min(i + size, n)) for i in range(0, n, size)]

    def parts(self, z: Tensor) -> List[Tuple[int, int]]:
        """[begin, end) of the rows of z that are in F32 at a time; all on a GPU, where few are no faster"""
        return self.spans(z.size(0), self.part if z.is_cpu else max(z.size(0), 1))

    def logits(self, z: Tensor, w: Dict[str, Tensor]) -> Tensor:
        """Products z [m, V] of hidden states and the head -> F32 [m, V], in place if z is F32"""
        z = z.to(torch.float32)
        if "lm_head.bias" in w:
            z.add_(w["lm_head.bias"])
        return self.capped_logits(z)

    def memory(self, tokens: int, weight: Tensor) -> Tensor:
        """product_memory for the logits of each chunk of tokens."""
        return self.product_memory((min(tokens, self.chunk) + 15) // 16 * 16, weight)

    def target_log_probs(
        self, h: Tensor, targets: Tensor, weight: Tensor, memory: Tensor, w: Dict[str, Tensor]
    ) -> Tuple[Tensor, Tensor]:
        """Log-probabilities of targets [M, 1], and each loss's gradient w.r.t. the head's output [R, V]

        h is [R, H], of pad_rows; the gradient of the rows after the first M is 0. weight is [V, H]
        from product_weight, and the gradient has the products' type. It may lie in memory.
        """
        g = self.product_into(memory, h, weight)
        m = targets.size(0)
        g[m:] = 0.0
        found = torch.empty([m, 1], dtype=torch.float32, device=h.device)
        for begin, end in self.parts(g[:m]):
            target = targets[begin:end].unsqueeze(1)
            z = self.logits(g[begin:end], w)
            # The derivative of a capped logit with respect to the uncapped logit.
            slope = z[:0]
            if self.logit_cap > 0.0:
                slope = (z / self.logit_cap).square_().neg_().add_(1)
            # In place, because getting new memory from the kernel takes longer than the softmax.
            logp = torch._log_softmax(z, -1, False, out=z)
            found[begin:end] = logp.gather(1, target)
            logp.exp_().scatter_add_(1, target, -torch.ones_like(target, dtype=torch.float32))
            if self.logit_cap > 0.0:
                logp.mul_(slope)
            if g.dtype != torch.float32:
                g[begin:end] = logp
        return found, g

    def put_projection(
        self,
        gradients: Dict[str, Tensor],
        w: Dict[str, Tensor],
        g: Tensor,
        h: Tensor,
        scale: float,
        add: bool,
    ) -> None:
        """Writes the gradients of the head's weights, given its output's gradient [M, V] and input [M, H]

        They are multiplied by scale. Separately trained rows w["lm_head.row_ids"] get their own.
        """
        scaled = h.mul(scale)
        self.put_product(gradients, "lm_head.weight", g, scaled, add)
        if "lm_head.rows" in gradients:
            some = g.index_select(1, w["lm_head.row_ids"])
            self.put_product(gradients, "lm_head.rows", some, scaled, add)
        if "lm_head.bias" in gradients:
            self.put(gradients, "lm_head.bias", g.sum([0], dtype=torch.float32).mul_(scale), add)

    def vocabulary_loss(
        self,
        h: Tensor,
        w: Dict[str, Tensor],
        targets: Tensor,
        scale: float,
        gradients: Dict[str, Tensor],
        add: bool,
    ) -> List[Tensor]:
        """h [M, H], targets [M] -> [sum of losses [1], scale * gradient of h]

        The gradients of the weights in w are written to the tensors in gradients.
        """
        total = torch.zeros([1], dtype=torch.float32, device=h.device)
        gh = torch.empty_like(h)
        if h.size(0) == 0 and not add:
            for unreached in gradients.values():
                unreached.zero_()
        weight = self.product_weight(w["lm_head.weight"])
        memory = self.memory(h.size(0), weight)
        for begin, end in self.spans(h.size(0), self.chunk):
            hc = self.pad_rows(h[begin:end])
            logp, g = self.target_log_probs(hc, targets[begin:end], weight, memory, w)
            total = total - logp.sum()
            torch.mul(self.times(g, weight)[: end - begin], scale, out=gh[begin:end])
            if len(gradients) > 0:
                self.put_projection(gradients, w, g, hc, scale, add or begin > 0)
        return [total, gh]

    def token_gradients(self, h: Tensor, w: Dict[str, Tensor], targets: Tensor) -> List[Tensor]:
        """The loss of each token [M], and its gradient w.r.t. the token's hidden state [M, H]"""
        losses = torch.empty([h.size(0)], dtype=torch.float32, device=h.device)
        gh = torch.empty_like(h)
        weight = self.product_weight(w["lm_head.weight"])
        memory = self.memory(h.size(0), weight)
        for begin, end in self.spans(h.size(0), self.chunk):
            logp, g = self.target_log_probs(
                self.pad_rows(h[begin:end]), targets[begin:end], weight, memory, w
            )
            torch.neg(logp.squeeze(1), out=losses[begin:end])
            gh[begin:end] = self.times(g, weight)[: end - begin]
        return [losses, gh]

    def weighted_gradients(
        self,
        h: Tensor,
        w: Dict[str, Tensor],
        targets: Tensor,
        weights: Tensor,
        gradients: Dict[str, Tensor],
        add: bool,
    ) -> Tensor:
        """The gradient of h [M, H] for the sum of the tokens' losses, each times its weight [M]

        The gradients of the weights in w are written to the tensors in gradients. M is at least 1.
        """
        gh = torch.empty_like(h)
        weight = self.product_weight(w["lm_head.weight"])
        memory = self.memory(h.size(0), weight)
        for begin, end in self.spans(h.size(0), self.chunk):
            hc = self.pad_rows(h[begin:end])
            logp, g = self.target_log_probs(hc, targets[begin:end], weight, memory, w)
            g[: end - begin].mul_(weights[begin:end].unsqueeze(1).to(g.dtype))
            gh[begin:end] = self.times(g, weight)[: end - begin]
            self.put_projection(gradients, w, g, hc, 1.0, add or begin > 0)
        return gh

    def weighted(self, rows: Tensor, weights: Tensor) -> Tensor:
        """Rows [M, H], each times its weight [M]; in place"""
        return rows.mul_(weights.unsqueeze(1))

    def token_losses(self, h: Tensor, w: Dict[str, Tensor], targets: Tensor) -> List[Tensor]:
        """The loss of each token, and 1 if it is the likeliest, the first of equals, else 0: both [M]

        M is at least 1.
        """
        losses: List[Tensor] = []
        hits: List[Tensor] = []
        weight = self.product_weight(w["lm_head.weight"])
        memory = self.memory(h.size(0), weight)
        for begin, end in self.spans(h.size(0), self.chunk):
            products = self.product_into(memory, self.pad_rows(h[begin:end]), weight)[: end - begin]
            for i, j in self.parts(products):
                z = self.logits(products[i:j], w)
                target = targets[begin + i : begin + j]
                losses.append(z.logsumexp([-1]) - z.gather(1, target.unsqueeze(1)).squeeze(1))
                hits.append(z.argmax(-1).eq(target).to(torch.float32))
        return [torch.cat(losses), torch.cat(hits)]

    def likeliest(self, h: Tensor, w: Dict[str, Tensor], count: int) -> List[Tensor]:
        """The likeliest tokens at each position: probabilities and ids [M, count]; M is at least 1."""
        probabilities: List[Tensor] = []
        ids: List[Tensor] = []
        weight = self.product_weight(w["lm_head.weight"])
        memory = self.memory(h.size(0), weight)
        for begin, end in self.spans(h.size(0), self.chunk):
            products = self.product_into(memory, self.pad_rows(h[begin:end]), weight)[: end - begin]
            for i, j in self.parts(products):
                p, token = self.logits(products[i:j], w).softmax(-1).topk(count)
                probabilities.append(p)
                ids.append(token)
        return [torch.cat(probabilities), torch.cat(ids)]
