"""Attention by matrix products, for cases that the fused kernel does not compute, or not fast.

One case is capped scores s = scale q k', cap tanh(s / cap), where 0 means no cap. The other case is
products in BF16 on a CPU, where the kernel is no faster than in F32. Scores and probabilities are
then BF16, as in eager attention under autocast.

B documents of A heads: queries of R tokens see keys of T tokens, each of width d. bias, if any,
[R, T] or [B, 1, R, T], is 0 for visible tokens, else -inf. Without a bias, a token sees the tokens of
its window, see attention_calls.py. Without a window, it sees all tokens, or with causal attention
itself and the tokens before it.
"""

from typing import List, Optional, Tuple

import torch
from core.model.attention_calls import AttentionCalls
from core.model.matmul import Matmul
from torch import Tensor


class MatrixAttention(Matmul, AttentionCalls):
    attention_scale: float
    attention_cap: float
    causal: bool

    def capped(self, q: Tensor, k: Tensor) -> Tensor:
        """tanh(s / cap): q [..., R, d], k [..., T, d] -> [..., R, T]"""
        s = torch.matmul(self.cast(q), self.cast(k).transpose(-2, -1))
        return s.to(torch.float32).mul_(self.attention_scale / self.attention_cap).tanh_()

    def capped_probabilities(self, t: Tensor, bias: Optional[Tensor]) -> Tensor:
        """softmax(cap t + bias)"""
        z = self.add_bias(t * self.attention_cap, bias)
        return torch._softmax(z, -1, False, out=z)

    def add_bias(self, z: Tensor, bias: Optional[Tensor]) -> Tensor:
        """Adds a bias to the scores of the last keys, or of all keys, in place."""
        if bias is not None:
            z.narrow(-1, z.size(-1) - bias.size(-1), bias.size(-1)).add_(bias)
        return z

    def causal_bias(self, rows: int, like: Tensor) -> Tensor:
        """The bias [R, R] of queries and their own keys; a query sees the keys up to its own."""
        hidden = torch.full([rows, rows], float("-inf"), dtype=like.dtype, device=like.device)
        return hidden.triu_(1)

    def row_blocks(
        self, q: Tensor, k: Tensor, bias: Optional[Tensor], window: Tuple[int, int]
    ) -> List[Tuple[int, int, int, int]]:
        """Queries that are computed at once: (first, number, first visible key, visible keys).

        With a window or causal attention they are blocks, so that most hidden keys are not computed.
        """
        rows = q.size(2)
        if window[0] >= 0:
            return self.window_blocks(rows, self.block_size(window[0] + window[1], q.is_cpu), window)
        if not self.causal or bias is not None or not q.is_cpu:
            return [(0, rows, 0, k.size(2))]
        return self.window_blocks(rows, self.block_size(rows, True), (rows, 0))

    def matrix_parts(self, q: Tensor, scores: int) -> List[Tuple[int, int, int, int]]:
        """Matrices, each of so many scores, that are computed at once.

        A part is (document, documents, head, heads).
        """
        documents, heads = q.size(0), q.size(1)
        if not q.is_cpu:
            return [(0, documents, 0, heads)]
        size = 2 if q.dtype == torch.bfloat16 and self.attention_cap == 0.0 else 4
        matrices = self.matrices_at_once(scores, size)
        n = max(1, matrices // heads)
        m = min(matrices, heads)
        parts: List[Tuple[int, int, int, int]] = []
        for document in range(0, documents, n):
            for head in range(0, heads, m):
                parts.append((document, min(n, documents - document), head, min(m, heads - head)))
        return parts

    def pieces(
        self, q: Tensor, k: Tensor, bias: Optional[Tensor], window: Tuple[int, int]
    ) -> List[Tuple[Tuple[int, int, int, int], Tuple[int, int, int, int], Optional[Tensor]]]:
        """Pieces that are computed at once: a part, a block of queries, and their bias for add_bias."""
        found: List[Tuple[Tuple[int, int, int, int], Tuple[int, int, int, int], Optional[Tensor]]] = []
        blocks = self.row_blocks(q, k, bias, window)
        causal = self.causal_bias(blocks[0][1] if self.causal and bias is None else 0, q)
        shape = (0, 0, 0)
        hidden: Optional[Tensor] = None if bias is None else bias.to(q.dtype)
        for block in blocks:
            first, rows, key, keys = block
            if window[0] >= 0:
                if shape != (rows, keys, first - key):
                    shape = (rows, keys, first - key)
                    hidden = self.window_bias(block, window, q)
            elif self.causal and bias is None:
                hidden = causal.narrow(0, 0, rows).narrow(1, 0, rows)
            for part in self.matrix_parts(q, rows * keys):
                found.append((part, block, hidden))
        return found

    def part_of(self, x: Tensor, part: Tuple[int, int, int, int], first: int, rows: int) -> Tensor:
        """Rows of a part's matrices: x [B, A, R, d] -> a view [documents, heads, rows, d]"""
        document, documents, head, heads = part
        return x.narrow(0, document, documents).narrow(1, head, heads).narrow(2, first, rows)

    def matrices_of(self, x: Tensor, part: Tuple[int, int, int, int], first: int, rows: int) -> Tensor:
        """As part_of, in one dimension for products: [documents heads, rows, d]"""
        return self.part_of(x, part, first, rows).flatten(0, 1)

    def block_inputs(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        part: Tuple[int, int, int, int],
        block: Tuple[int, int, int, int],
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """A part's matrices of a block of queries, and of their visible keys and values."""
        first, rows, key, keys = block
        return (
            self.matrices_of(q, part, first, rows),
            self.matrices_of(k, part, key, keys),
            self.matrices_of(v, part, key, keys),
        )

    def scaled_product(self, a: Tensor, b: Tensor) -> Tensor:
        """attention_scale a b: a [n, i, j], b [n, j, k] -> [n, i, k]"""
        y = torch.empty([a.size(0), a.size(1), b.size(2)], dtype=a.dtype, device=a.device)
        return y.baddbmm_(a, b, beta=0, alpha=self.attention_scale)

    def probabilities(
        self, q: Tensor, k: Tensor, part: Tuple[int, int, int, int], bias: Optional[Tensor]
    ) -> Tuple[Tensor, Tensor]:
        """q [n, R, d], k [n, T, d] -> probabilities [n, R, T] and, with a cap, tanh(s / cap)."""
        document, documents, _, heads = part
        size = [documents, heads, q.size(1), k.size(1)]
        if bias is not None and bias.dim() == 4:
            bias = bias.narrow(0, document, documents)
        if self.attention_cap > 0.0:
            t = self.capped(q, k)
            return self.capped_probabilities(t.view(size), bias).flatten(0, 1), t
        s = self.scaled_product(q, k.transpose(1, 2))
        self.add_bias(s.view(size), bias)
        return torch._softmax(s, -1, False, out=s), s

    def lengthened(self, x: Tensor, rows: int) -> Tensor:
        """x [B, A, R, d] followed by rows of zeros, contiguous; else each product would copy it."""
        return x.contiguous() if rows == 0 else torch.constant_pad_nd(x, [0, 0, 0, rows])

    def hidden_rows(self, q: Tensor, bias: Optional[Tensor]) -> int:
        """Number of zero rows after queries, of the products' type, and keys, hidden from the queries.

        oneDNN compiles and keeps a kernel for each size of matrices in BF16, and kept kernels
        fragment the memory of tensors. So lengths are multiples of 32.
        """
        even = self.causal and bias is None and q.dtype == torch.bfloat16
        return -q.size(2) % 32 if even and q.is_cpu else 0

    def matrix_attention(
        self, q: Tensor, k: Tensor, v: Tensor, bias: Optional[Tensor], window: Tuple[int, int]
    ) -> Tensor:
        """q [B, A, R, d], k and v [B, A, T, d] -> as q, of the products' type, without a graph."""
        q, k, v = self.cast(q), self.cast(k), self.cast(v)
        more = self.hidden_rows(q, bias)
        tokens = q.size(2)
        q, k, v = self.lengthened(q, more), self.lengthened(k, more), self.lengthened(v, more)
        o = torch.empty(q.size(), dtype=q.dtype, device=q.device)
        for part, block, hidden in self.pieces(q, k, bias, window):
            qi, ki, vi = self.block_inputs(q, k, v, part, block)
            p, _ = self.probabilities(qi, ki, part, hidden)
            oi = self.part_of(o, part, block[0], block[1])
            oi.copy_(torch.bmm(self.cast(p), vi).view(oi.size()))
        return o.narrow(2, 0, tokens)

    def matrix_attention_backward(
        self,
        g: Tensor,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        bias: Optional[Tensor],
        window: Tuple[int, int],
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """Gradients of q, k and v of matrix_attention, which keeps nothing, in F32."""
        q, k, v, g = self.cast(q), self.cast(k), self.cast(v), self.cast(g)
        more = self.hidden_rows(q, bias)
        tokens, seen = q.size(2), k.size(2)
        q, k = self.lengthened(q, more), self.lengthened(k, more)
        v, g = self.lengthened(v, more), self.lengthened(g, more)
        gq = torch.empty(q.size(), dtype=torch.float32, device=q.device)
        gk = torch.zeros(k.size(), dtype=torch.float32, device=q.device)
        gv = torch.zeros(k.size(), dtype=torch.float32, device=q.device)
        for part, block, hidden in self.pieces(q, k, bias, window):
            first, rows, key, keys = block
            qi, ki, vi = self.block_inputs(q, k, v, part, block)
            gi = self.matrices_of(g, part, first, rows)
            p, t = self.probabilities(qi, ki, part, hidden)
            z = torch.bmm(gi, vi.transpose(1, 2)).to(p.dtype)
            torch._softmax_backward_data(z, p, -1, p.dtype, grad_input=z)
            if self.attention_cap > 0.0:
                torch.ops.aten.tanh_backward(z, t, grad_input=z)
            z = self.cast(z)
            target = self.part_of(gq, part, first, rows)
            target.copy_(self.scaled_product(z, ki).view(target.size()))
            target = self.part_of(gk, part, key, keys)
            target.add_(self.scaled_product(z.transpose(1, 2), qi).view(target.size()))
            target = self.part_of(gv, part, key, keys)
            p = self.cast(p).transpose(1, 2)
            target.add_(torch.bmm(p, gi).view(target.size()))
        return gq.narrow(2, 0, tokens), gk.narrow(2, 0, seen), gv.narrow(2, 0, seen)
