"""Cross-entropy over the vocabulary from the last hidden states, without all logits at once.

M tokens with a label, H hidden, V vocabulary; the logits of self.chunk tokens are there at a time, in
the type that products are in, and those of self.part of them in F32, which stay near the processor.
w holds what maps hidden states to logits: projection.weight [V, H], perhaps projection.bias [V].
Logits are capped as logit_cap.py says.
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
        """[begin, end) of each size of n tokens, the last of as many as are left."""
        return [(i, min(i + size, n)) for i in range(0, n, size)]

    def parts(self, z: Tensor) -> List[Tuple[int, int]]:
        """[begin, end) of the rows of z that are in F32 at a time: on a GPU, which does few no sooner, all"""
        return self.spans(z.size(0), max(z.size(0), 1) if z.is_cuda else self.part)

    def logits(self, z: Tensor, w: Dict[str, Tensor]) -> Tensor:
        """Some products z [m, V] of hidden states and the head -> F32 [m, V], in place if z is F32"""
        z = z.to(torch.float32)
        if "projection.bias" in w:
            z.add_(w["projection.bias"])
        return self.capped_logits(z)

    def target_log_probs(
        self, h: Tensor, targets: Tensor, weight: Tensor, w: Dict[str, Tensor]
    ) -> Tuple[Tensor, Tensor]:
        """Log-probabilities of targets [M, 1], and the gradient of each loss by the head's output [R, V]

        h is [R, H], of pad_rows; the gradient of what is behind its M rows is 0. weight is [V, H] as products
        read it, and the gradient of their type.
        """
        g = self.product(h, weight)
        m = targets.size(0)
        g[m:] = 0.0
        found = torch.empty([m, 1], dtype=torch.float32, device=h.device)
        for begin, end in self.parts(g[:m]):
            target = targets[begin:end].unsqueeze(1)
            z = self.logits(g[begin:end], w)
            # What a capped logit changes by with the logit below its cap.
            slope = z[:0]
            if self.logit_cap > 0.0:
                slope = (z / self.logit_cap).square_().neg_().add_(1)
            # In place: fetching as much memory again from the kernel takes longer than the softmax.
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
        """The gradients of the head's weights, scale times those of what it gives [M, V] and its input [M, H]

        Of the rows w["projection.row_ids"] alone, where these are trained by themselves.
        """
        scaled = h.mul(scale)
        self.put_product(gradients, "projection.weight", g, scaled, add)
        if "projection.rows" in gradients:
            some = g.index_select(1, w["projection.row_ids"])
            self.put_product(gradients, "projection.rows", some, scaled, add)
        if "projection.bias" in gradients:
            self.put(gradients, "projection.bias", g.sum([0], dtype=torch.float32).mul_(scale), add)

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

        The gradients of the weights in w go to the tensors that gradients has for them.
        """
        total = torch.zeros([1], dtype=torch.float32, device=torch.device("cpu"))
        gh = torch.empty_like(h)
        if h.size(0) == 0 and not add:
            for unreached in gradients.values():
                unreached.zero_()
        weight = self.product_weight(w["projection.weight"])
        for begin, end in self.spans(h.size(0), self.chunk):
            hc = self.pad_rows(h[begin:end])
            logp, g = self.target_log_probs(hc, targets[begin:end], weight, w)
            total = total - logp.sum().to(total)
            torch.mul(self.times(g, weight)[: end - begin], scale, out=gh[begin:end])
            if len(gradients) > 0:
                self.put_projection(gradients, w, g, hc, scale, add or begin > 0)
        return [total, gh]

    def token_gradients(self, h: Tensor, w: Dict[str, Tensor], targets: Tensor) -> List[Tensor]:
        """The loss of each token [M], and its gradient by the token's hidden state [M, H]"""
        losses = torch.empty([h.size(0)], dtype=torch.float32, device=h.device)
        gh = torch.empty_like(h)
        weight = self.product_weight(w["projection.weight"])
        for begin, end in self.spans(h.size(0), self.chunk):
            logp, g = self.target_log_probs(self.pad_rows(h[begin:end]), targets[begin:end], weight, w)
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
        """The gradient of h [M, H] of the sum of the tokens' losses, each times its weight [M]

        The gradients of the weights in w go to the tensors that gradients has for them. M is at least 1.
        """
        gh = torch.empty_like(h)
        weight = self.product_weight(w["projection.weight"])
        for begin, end in self.spans(h.size(0), self.chunk):
            hc = self.pad_rows(h[begin:end])
            logp, g = self.target_log_probs(hc, targets[begin:end], weight, w)
            g[: end - begin].mul_(weights[begin:end].unsqueeze(1).to(g.dtype))
            gh[begin:end] = self.times(g, weight)[: end - begin]
            self.put_projection(gradients, w, g, hc, 1.0, add or begin > 0)
        return gh

    def weighted(self, rows: Tensor, weights: Tensor) -> Tensor:
        """Rows [M, H], each times its weight [M]; in place"""
        return rows.mul_(weights.unsqueeze(1))

    def token_losses(self, h: Tensor, w: Dict[str, Tensor], targets: Tensor) -> List[Tensor]:
        """The loss of each token, and 1 where it is the likeliest, the first of equals, else 0: both [M]

        M is at least 1.
        """
        losses: List[Tensor] = []
        hits: List[Tensor] = []
        weight = self.product_weight(w["projection.weight"])
        for begin, end in self.spans(h.size(0), self.chunk):
            products = self.product(self.pad_rows(h[begin:end]), weight)[: end - begin]
            for i, j in self.parts(products):
                z = self.logits(products[i:j], w)
                target = targets[begin + i : begin + j]
                losses.append(z.logsumexp([-1]) - z.gather(1, target.unsqueeze(1)).squeeze(1))
                hits.append(z.argmax(-1).eq(target).to(torch.float32))
        return [torch.cat(losses), torch.cat(hits)]

    def likeliest(self, h: Tensor, w: Dict[str, Tensor], count: int) -> List[Tensor]:
        """The likeliest tokens at each place: probabilities and ids [M, count]; M is at least 1."""
        probabilities: List[Tensor] = []
        ids: List[Tensor] = []
        weight = self.product_weight(w["projection.weight"])
        for begin, end in self.spans(h.size(0), self.chunk):
            products = self.product(self.pad_rows(h[begin:end]), weight)[: end - begin]
            for i, j in self.parts(products):
                p, token = self.logits(products[i:j], w).softmax(-1).topk(count)
                probabilities.append(p)
                ids.append(token)
        return [torch.cat(probabilities), torch.cat(ids)]
