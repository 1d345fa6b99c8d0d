"""Attention whose scores s = scale q k' are bounded: cap tanh(s / cap); a cap of 0 is none.

n matrices of L tokens, a document and head each, d wide. window, if any, is what
document_attention.py says; without one a token sees those before it.
"""

from typing import List, Optional, Tuple

import torch
from core.model.matmul import Matmul
from torch import Tensor


class CappedAttention(Matmul):
    attention_scale: float
    attention_cap: float

    def capped(self, q: Tensor, k: Tensor) -> Tensor:
        """tanh(s / cap): q [..., L, d], k [..., T, d] -> [..., L, T]"""
        s = torch.matmul(self.narrowed(q), self.narrowed(k).transpose(-2, -1))
        return s.to(torch.float32).mul_(self.attention_scale / self.attention_cap).tanh_()

    def capped_probabilities(self, t: Tensor, bias: Optional[Tensor]) -> Tensor:
        """softmax(cap t + bias)"""
        z = t * self.attention_cap
        if bias is not None:
            z.add_(bias)
        return torch._softmax(z, -1, False, out=z)

    def seen_places(self, q: Tensor, window: Optional[Tensor]) -> Tensor:
        """The bias [L, L] of matrices q [n, L, d]: 0 where a token is seen, else -inf."""
        if window is not None:
            return window
        hidden = torch.full(
            [q.size(1), q.size(1)], float("-inf"), dtype=torch.float32, device=torch.device("cpu")
        )
        return hidden.triu_(1).to(q)

    def capped_parts(self, q: Tensor) -> List[Tuple[int, int]]:
        """Matrices of q [n, L, d] that are computed at once: (first, number).

        As many as their scores of 2 MB stay in a processor's cache from one operation to the next.
        """
        n = q.size(0)
        if q.is_cuda:
            return [(0, n)]
        m = max(1, 524288 // (q.size(1) * q.size(1)))
        return [(start, min(m, n - start)) for start in range(0, n, m)]

    def capped_attention(self, q: Tensor, k: Tensor, v: Tensor, window: Optional[Tensor]) -> Tensor:
        """q, k, v [documents, A, L, d] -> as q"""
        qs, ks, vs = q.flatten(0, 1), k.flatten(0, 1), v.flatten(0, 1)
        bias = self.seen_places(qs, window)
        pieces: List[Tensor] = []
        for start, n in self.capped_parts(qs):
            t = self.capped(qs.narrow(0, start, n), ks.narrow(0, start, n))
            p = self.narrowed(self.capped_probabilities(t, bias))
            y = torch.matmul(p, self.narrowed(vs.narrow(0, start, n)))
            pieces.append(y.to(torch.float32))
        return torch.cat(pieces).view(q.size())

    def capped_attention_backward(
        self, g: Tensor, q: Tensor, k: Tensor, v: Tensor, window: Optional[Tensor]
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """Gradients of q, k and v of capped_attention, of which nothing was kept."""
        qs, ks, vs = q.flatten(0, 1), k.flatten(0, 1), v.flatten(0, 1)
        gs = g.flatten(0, 1)
        bias = self.seen_places(qs, window)
        gq: List[Tensor] = []
        gk: List[Tensor] = []
        gv: List[Tensor] = []
        for start, n in self.capped_parts(qs):
            qi = self.narrowed(qs.narrow(0, start, n))
            ki = self.narrowed(ks.narrow(0, start, n))
            vi = self.narrowed(vs.narrow(0, start, n))
            gi = self.narrowed(gs.narrow(0, start, n))
            t = self.capped(qi, ki)
            p = self.capped_probabilities(t, bias)
            gv.append(torch.matmul(self.narrowed(p).transpose(1, 2), gi).to(torch.float32))
            z = torch.matmul(gi, vi.transpose(1, 2)).to(torch.float32)
            torch._softmax_backward_data(z, p, -1, torch.float32, grad_input=z)
            torch.ops.aten.tanh_backward(z, t, grad_input=z)
            s = self.narrowed(z.mul_(self.attention_scale))
            gq.append(torch.matmul(s, ki).to(torch.float32))
            gk.append(torch.matmul(s.transpose(1, 2), qi).to(torch.float32))
        size = q.size()
        return torch.cat(gq).view(size), torch.cat(gk).view(size), torch.cat(gv).view(size)
