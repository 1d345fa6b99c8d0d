"""Attention over all tokens of padded texts.

B texts of T tokens, A heads of width d, H = A d. batch["bias"] [B, 1, 1, T], if any, is 0 at a
token and -inf at padding; relative [A, T, T], if any, is added to the scores of all texts by the
places of query and key; masks["probs"] [B, A, T, T], if any, is what dropout keeps of the
probabilities.
"""

from typing import Dict, List, Optional, Tuple

import torch
import torch.nn.functional as F
from core.model.score_parts import ScoreParts
from torch import Tensor


class Attention(ScoreParts):
    num_heads: int
    probs_scale: float

    def heads(self, x: Tensor) -> Tensor:
        """[B, T, H] -> [B, A, T, d]"""
        return x.view([x.size(0), x.size(1), self.num_heads, -1]).transpose(1, 2)

    def merged(self, x: Tensor) -> Tensor:
        """[B, A, T, d] -> contiguous [B T, H]"""
        return x.transpose(1, 2).reshape([x.size(0) * x.size(2), -1])

    def attention(
        self, q: Tensor, k: Tensor, v: Tensor, bias: Optional[Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """q, k, v [B, A, T, d] -> [B, T, H], for the forward pass alone or as PyTorch records it.

        bias, if any, is broadcast to the scores [B, A, T, T].

        With dropout it is written out, because the fused kernel takes no mask of our own; the scale
        goes into the values, the smallest factor.
        """
        if "probs" in masks:
            s = torch.matmul(q * float(q.size(-1)) ** -0.5, k.transpose(-2, -1))
            if bias is not None:
                s = s + bias
            p = s.softmax(-1)
            y = torch.matmul(p * masks["probs"], v * self.probs_scale)
        else:
            y = F.scaled_dot_product_attention(q, k, v, bias, 0.0, False)
        return y.transpose(1, 2).reshape([q.size(0), q.size(2), -1])

    def parts(self, q: Tensor) -> List[Tuple[int, int]]:
        """Texts that attention takes at once: (first, number)."""
        texts = q.size(0)
        if q.is_cuda:
            return [(0, texts)]
        size = 2 if q.dtype == torch.bfloat16 else 4
        n = self.matrices_at_once(q.size(1) * q.size(2) * q.size(2), size)
        return [(start, min(n, texts - start)) for start in range(0, texts, n)]

    def matrices(self, x: Tensor, start: int, n: int) -> Tensor:
        """contiguous [B, A, T, d] -> n texts as [n A, T, d]"""
        return x.narrow(0, start, n).flatten(0, 1)

    def attend(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        bias: Optional[Tensor],
        relative: Optional[Tensor],
        masks: Dict[str, Tensor],
    ) -> Tuple[Tensor, Tensor]:
        """Attention whose backward is attend_backward, without a graph.

        q, k, v: contiguous [B, A, T, d], F32 or BF16 -> probabilities [B, A, T, T] and what is
        attended, as q, of the same type, as scores are too
        """
        p = torch.empty(
            [q.size(0), q.size(1), q.size(2), q.size(2)], dtype=q.dtype, device=q.device
        )
        o = torch.empty_like(q)
        for start, n in self.parts(q):
            pi = self.matrices(p, start, n)
            qi, ki = self.matrices(q, start, n), self.matrices(k, start, n)
            pi.baddbmm_(qi, ki.transpose(1, 2), beta=0, alpha=float(q.size(-1)) ** -0.5)
            by_text = pi.view([n, -1, pi.size(1), pi.size(2)])
            if bias is not None:
                by_text.add_(bias.narrow(0, start, n))
            if relative is not None:
                by_text.add_(relative)
            torch._softmax(pi, -1, False, out=pi)
            oi, vi = self.matrices(o, start, n), self.matrices(v, start, n)
            if "probs" in masks:
                kept = self.matrices(masks["probs"], start, n).to(q.dtype).mul_(pi)
                oi.baddbmm_(kept, vi, beta=0, alpha=self.probs_scale)
            else:
                oi.baddbmm_(pi, vi, beta=0, alpha=1)
        return p, o

    def attend_backward(
        self,
        go: Tensor,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        p: Tensor,
        masks: Dict[str, Tensor],
        g_relative: Optional[Tensor],
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """Gradients of q, k and v, as they are; p: probabilities.

        go: that of what is attended, contiguous, of the same type. That of relative is added to
        g_relative, if any, in F32.
        """
        gq = torch.empty_like(go)
        gk = torch.empty_like(go)
        gv = torch.empty_like(go)
        kept = self.probs_scale if "probs" in masks else 1.0
        scale = kept * float(q.size(-1)) ** -0.5
        for start, n in self.parts(q):
            pi = self.matrices(p, start, n)
            gi = self.matrices(go, start, n)
            gs = torch.bmm(gi, self.matrices(v, start, n).transpose(1, 2))
            dropped = pi
            if "probs" in masks:
                mask = self.matrices(masks["probs"], start, n).to(q.dtype)
                gs.mul_(mask)
                dropped = mask.mul_(pi)
            self.matrices(gv, start, n).baddbmm_(dropped.transpose(1, 2), gi, beta=0, alpha=kept)
            torch._softmax_backward_data(gs, pi, -1, q.dtype, grad_input=gs)
            if g_relative is not None:
                by_text = gs.view([n, -1, gs.size(1), gs.size(2)])
                g_relative.add_(by_text.sum([0], dtype=torch.float32), alpha=kept)
            qi, ki = self.matrices(q, start, n), self.matrices(k, start, n)
            self.matrices(gq, start, n).baddbmm_(gs, ki, beta=0, alpha=scale)
            self.matrices(gk, start, n).baddbmm_(gs.transpose(1, 2), qi, beta=0, alpha=scale)
        return gq, gk, gv
