"""Attention of each text to all of its tokens, for layers without a fused kernel.

The backward needs the probabilities. In F32 they are kept. In BF16 products are faster than memory,
and the backward computes them again, with the same bits.

N tokens of all texts concatenated, A heads of width d, H = A d. A call computes texts of similar
length, padded to one length L; documents holds L for each text, in the order of the calls. The
padded texts have P tokens in all: batch["pad"] [P] holds the index of each padded token in N,
batch["unpad"] [N] the index of each token in P. Both are missing if no text is padded and the calls
keep the texts' order. batch["bias"] [P], if any, is 0 for a token and -inf for padding.

masks["probs"], if any, is the dropout mask of the probabilities: the [A, L, L] of all texts,
concatenated.
"""

from typing import Dict, List, Optional, Tuple

import torch
import torch.nn.functional as F
from core.model.attention_calls import AttentionCalls
from core.model.matmul import Matmul
from torch import Tensor


class Attention(Matmul, AttentionCalls):
    num_heads: int
    probs_scale: float

    def padded(self, x: Tensor, batch: Dict[str, Tensor]) -> Tensor:
        """x [N, C] -> [P, C]; padding repeats a token of its text."""
        return x.index_select(0, batch["pad"]) if "pad" in batch else x

    def unpadded(self, x: Tensor, batch: Dict[str, Tensor]) -> Tensor:
        """x [P, C] -> [N, C]"""
        return x.index_select(0, batch["unpad"]) if "unpad" in batch else x

    def unpadded_backward(self, g: Tensor, batch: Dict[str, Tensor]) -> Tensor:
        """Gradient [P, C] of unpadded's x, given its result's gradient [N, C]; 0 for padding."""
        if "unpad" not in batch:
            return g
        padded = g.new_zeros([batch["pad"].size(0), g.size(1)])
        return padded.index_copy_(0, batch["unpad"], g)

    def relative_bias(self, w: Dict[str, Tensor], tokens: int) -> Optional[Tensor]:
        """Bias [A, L, L] of every text's scores by the positions of query and key; none here."""
        return None

    def relative_bias_backward(self, g: Tensor, gradients: Dict[str, Tensor]) -> None:
        """Adds to the gradient of relative.weight, given the gradient of relative_bias."""
        pass

    def padding_bias(self, batch: Dict[str, Tensor], start: int, n: int, length: int) -> Tensor:
        """Bias [n, 1, 1, L] of the scores of n texts by their padding."""
        return batch["bias"].narrow(0, start, n * length).view([n, 1, 1, length])

    def bias(
        self, w: Dict[str, Tensor], batch: Dict[str, Tensor], call: Tuple[int, int, int]
    ) -> Optional[Tensor]:
        """Bias of a call's scores, which broadcasts to [n, A, L, L]."""
        start, n, length = call
        bias = self.relative_bias(w, length)
        if "bias" in batch:
            padding = self.padding_bias(batch, start, n, length)
            bias = padding if bias is None else bias + padding
        return bias

    def kept_probs(self, masks: Dict[str, Tensor], at: int, n: int, length: int) -> Tensor:
        """Dropout mask of the probabilities of n texts, from element at on: [n, A, L, L]"""
        kept = self.score_matrices(masks["probs"], (0, at, n, length))
        return kept.view([n, self.num_heads, length, length])

    def heads(self, x: Tensor, call: Tuple[int, int, int]) -> Tensor:
        """x [P, H] -> a call's texts [n, A, L, d]"""
        start, n, length = call
        y = x.narrow(0, start, n * length).view([n, length, self.num_heads, -1])
        return y.transpose(1, 2)

    def attention(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """q, k, v [N, H] -> [N, H], for a forward without backward or as PyTorch records it.

        With dropout it is explicit, because the fused kernel accepts no custom mask. The scale is
        multiplied into the values, the smallest factor.
        """
        q, k, v = self.padded(q, batch), self.padded(k, batch), self.padded(v, batch)
        pieces: List[Tensor] = []
        at = 0
        for call in self.calls(documents):
            _, n, length = call
            qi, ki, vi = self.heads(q, call), self.heads(k, call), self.heads(v, call)
            bias = self.bias(w, batch, call)
            if bias is not None:
                bias = bias.to(q.dtype)
            if "probs" in masks:
                s = torch.matmul(qi * float(qi.size(-1)) ** -0.5, ki.transpose(-2, -1))
                if bias is not None:
                    s = s + bias
                p = s.softmax(-1) * self.kept_probs(masks, at, n, length)
                y = torch.matmul(p, vi * self.probs_scale)
            else:
                y = F.scaled_dot_product_attention(qi, ki, vi, bias, 0.0, False)
            pieces.append(y.transpose(1, 2).reshape([n * length, -1]))
            at += n * self.num_heads * length * length
        return self.unpadded(self.joined(pieces), batch)

    def by_head(self, x: Tensor, documents: List[int]) -> Tensor:
        """x [P, H] -> [P, H] in new memory, laid out as the [n, A, L, d] of each call."""
        y = torch.empty_like(x)
        for call in self.calls(documents):
            rows = self.heads(x, call)
            y.narrow(0, call[0], call[1] * call[2]).view(rows.size()).copy_(rows)
        return y

    def by_token(self, x: Tensor, documents: List[int]) -> Tensor:
        """Result of by_head -> [P, H] in the order of tokens, in new memory."""
        y = torch.empty_like(x)
        for call in self.calls(documents):
            rows = self.heads(y, call)
            rows.copy_(x.narrow(0, call[0], call[1] * call[2]).view(rows.size()))
        return y

    def scores(self, documents: List[int]) -> int:
        """Number of all scores."""
        n = 0
        for length in documents:
            n += self.num_heads * length * length
        return n

    def parts(self, q: Tensor, documents: List[int]) -> List[Tuple[int, int, int, int]]:
        """Parts that are computed at once: (first token, first score, texts, tokens of each)."""
        size = 2 if q.dtype == torch.bfloat16 else 4
        parts: List[Tuple[int, int, int, int]] = []
        at = 0
        for start, n, length in self.calls(documents):
            scores = self.num_heads * length * length
            most = self.matrices_at_once(scores, size) if q.is_cpu else n
            for text in range(0, n, most):
                some = min(most, n - text)
                parts.append((start + text * length, at, some, length))
                at += some * scores
        return parts

    def matrices(self, x: Tensor, part: Tuple[int, int, int, int]) -> Tensor:
        """Result of by_head -> a part's texts [n A, L, d]"""
        start, _, n, length = part
        return x.narrow(0, start, n * length).view([n * self.num_heads, length, -1])

    def score_matrices(self, p: Tensor, part: Tuple[int, int, int, int]) -> Tensor:
        """A value for each score -> a part's [n A, L, L]"""
        _, at, n, length = part
        heads = n * self.num_heads
        return p.narrow(0, at, heads * length * length).view([heads, length, length])

    def fill_probabilities(
        self,
        p: Tensor,
        q: Tensor,
        k: Tensor,
        batch: Dict[str, Tensor],
        relative: Optional[Tensor],
        part: Tuple[int, int, int, int],
    ) -> Tensor:
        """Writes a part's probabilities p [n A, L, L]; relative: its relative_bias."""
        start, _, n, length = part
        qi, ki = self.matrices(q, part), self.matrices(k, part)
        p.baddbmm_(qi, ki.transpose(1, 2), beta=0, alpha=float(qi.size(-1)) ** -0.5)
        by_text = p.view([n, -1, length, length])
        if "bias" in batch:
            by_text.add_(self.padding_bias(batch, start, n, length))
        if relative is not None:
            by_text.add_(relative)
        return torch._softmax(p, -1, False, out=p)

    def part_memory(self, p: Tensor, part: Tuple[int, int, int, int], like: Tensor) -> Tensor:
        """Memory of a part's probabilities [n A, L, L]: in p if they are kept, else new."""
        if p.size(0) > 0:
            return self.score_matrices(p, part)
        _, _, n, length = part
        return torch.empty([n * self.num_heads, length, length], dtype=like.dtype, device=like.device)

    def attend(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tuple[Tensor, Tensor]:
        """Attention whose backward is attend_backward, without a graph.

        q, k, v: results of by_head, F32 or BF16 -> concatenated probabilities, if they are kept, and the
        attention's output in the layout of q. Scores and results have the type of q.
        """
        scores = 0 if self.casts() else self.scores(documents)
        p = torch.empty([scores], dtype=q.dtype, device=q.device)
        o = torch.empty_like(q)
        relative: Optional[Tensor] = None
        for part in self.parts(q, documents):
            if relative is None or relative.size(-1) != part[3]:
                relative = self.relative_bias(w, part[3])
            pi = self.fill_probabilities(self.part_memory(p, part, q), q, k, batch, relative, part)
            oi, vi = self.matrices(o, part), self.matrices(v, part)
            if "probs" in masks:
                kept = self.score_matrices(masks["probs"], part).to(q.dtype).mul_(pi)
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
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """Gradients of q, k and v, in their layout; p: probabilities, empty if they are not kept.

        go: gradient of the output, by head, of the same type. The gradient of relative.weight is
        added to gradients, if present.
        """
        gq = torch.empty_like(go)
        gk = torch.empty_like(go)
        gv = torch.empty_like(go)
        kept = self.probs_scale if "probs" in masks else 1.0
        scale = kept * float(q.size(-1) // self.num_heads) ** -0.5
        relative: Optional[Tensor] = None
        g_relative: Optional[Tensor] = None
        for part in self.parts(q, documents):
            _, _, n, length = part
            pi = self.part_memory(p, part, q)
            if p.size(0) == 0:
                if relative is None or relative.size(-1) != length:
                    relative = self.relative_bias(w, length)
                pi = self.fill_probabilities(pi, q, k, batch, relative, part)
            gi = self.matrices(go, part)
            gs = torch.bmm(gi, self.matrices(v, part).transpose(1, 2))
            dropped = pi
            if "probs" in masks:
                mask = self.score_matrices(masks["probs"], part).to(q.dtype)
                gs.mul_(mask)
                dropped = mask.mul_(pi)
            self.matrices(gv, part).baddbmm_(dropped.transpose(1, 2), gi, beta=0, alpha=kept)
            torch._softmax_backward_data(gs, pi, -1, q.dtype, grad_input=gs)
            if "relative.weight" in gradients:
                if g_relative is not None and g_relative.size(-1) != length:
                    self.relative_bias_backward(g_relative, gradients)
                    g_relative = None
                by_text = gs.view([n, -1, length, length])
                g_text = by_text.sum([0], dtype=torch.float32).mul_(kept)
                g_relative = g_text if g_relative is None else g_relative.add_(g_text)
            qi, ki = self.matrices(q, part), self.matrices(k, part)
            self.matrices(gq, part).baddbmm_(gs, ki, beta=0, alpha=scale)
            self.matrices(gk, part).baddbmm_(gs.transpose(1, 2), qi, beta=0, alpha=scale)
        if g_relative is not None:
            self.relative_bias_backward(g_relative, gradients)
        return gq, gk, gv
