"""Attention within documents that are concatenated to one row of N tokens, causal or to all tokens.

A heads of width d, and G key-value heads, each shared by A / G heads. Consecutive documents of
equal length share a call. Scores are scaled, and capped if attention_cap is not 0. In a document
that is longer than the sliding window, see flash_attention.py, attention computes blocks of queries
and the tokens that they see. Without a recorded graph, fused_attention selects the CPU's fused
kernel, and matrix_products selects matrix_attention.py. On a GPU in BF16 flash_attention.py
computes all documents at once.
"""

from typing import Dict, List, Optional, Tuple

import torch
import torch.nn.functional as F
from core.model.flash_attention import FlashAttention
from core.model.matrix_attention import MatrixAttention
from torch import Tensor


class DocumentAttention(FlashAttention, MatrixAttention):
    fused_attention: bool
    matrix_products: bool

    def window(self, batch: Dict[str, Tensor], length: int) -> Tuple[int, int]:
        """The window of documents of one length; none if a token sees its whole document."""
        before, after = self.near(batch)
        return (before, after) if length - 1 > before else (-1, -1)

    def repeats(self, q: Tensor, window: Tuple[int, int]) -> bool:
        """Whether attention's kernel reads a key-value head for each head.

        Only PyTorch's choice on a GPU does not: in BF16, without a bias.
        """
        flash = not self.fused_attention and not self.matrix_products and q.dtype == torch.bfloat16
        return not flash or window[0] >= 0

    def by_heads(self, x: Tensor, call: Tuple[int, int, int], heads: int, repeat: bool) -> Tensor:
        """x [N, heads d] -> a call's documents [documents, heads or A, L, d]

        repeat: whether shared heads are repeated.
        """
        start, n, length = call
        y = x[start : start + n * length].view([n, length, heads, -1]).transpose(1, 2)
        if heads != self.num_heads and repeat:
            y = y.unsqueeze(2).expand([-1, -1, self.num_heads // heads, -1, -1])
            y = y.reshape([n, self.num_heads, length, -1])
        return y

    def by_tokens(self, x: Tensor, heads: int) -> Tensor:
        """[documents, heads or A, L, d] -> [documents L, heads d]; repeated heads are added up, in F32."""
        n, length = x.size(0), x.size(2)
        if heads != x.size(1) and x.dtype != torch.float32:
            x = x.unflatten(1, [heads, -1]).sum([2], dtype=torch.float32)
        elif heads != x.size(1):
            shared = x.contiguous().view([n, heads, self.num_heads // heads, length, -1])
            x = shared.sum([2])
        return x.transpose(1, 2).reshape([n * length, -1])

    def plain_attention(self, q: Tensor, k: Tensor, v: Tensor, bias: Optional[Tensor]) -> Tensor:
        """A call's attention by PyTorch's own choice of kernel, in the compute dtype.

        q [documents, A, L, d], k and v [documents, A or G, L, d]
        """
        q = self.cast(q)
        k = self.cast(k)
        v = self.cast(v)
        return F.scaled_dot_product_attention(
            q,
            k,
            v,
            None if bias is None else bias.to(q.dtype),
            0.0,
            self.causal and bias is None,
            scale=self.attention_scale,
            enable_gqa=k.size(1) != q.size(1),
        )

    def fused(self, q: Tensor, k: Tensor, v: Tensor, bias: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
        """A call's attention by the CPU's fused kernel, and its log-sum-exp."""
        return torch._scaled_dot_product_flash_attention_for_cpu(
            q,
            k,
            v,
            0.0,
            self.causal and bias is None,
            attn_mask=None if bias is None else bias.to(q.dtype),
            scale=self.attention_scale,
        )

    def kernel(
        self, q: Tensor, k: Tensor, v: Tensor, bias: Optional[Tensor], recorded: bool
    ) -> Tuple[Tensor, Optional[Tensor]]:
        """As attend_call, by one call of PyTorch's kernel."""
        if self.fused_attention and not recorded:
            return self.fused(q, k, v, bias)
        return self.plain_attention(q, k, v, bias), None

    def kernel_backward(
        self,
        go: Tensor,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        o: Tensor,
        lse: Optional[Tensor],
        bias: Optional[Tensor],
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """As call_backward, for kernel."""
        if lse is None:
            return self.plain_attention_backward(go, q, k, v, bias)
        return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward(
            go,
            q,
            k,
            v,
            o,
            lse,
            0.0,
            self.causal and bias is None,
            attn_mask=None if bias is None else bias.to(q.dtype),
            scale=self.attention_scale,
        )

    def attend_call(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        bias: Optional[Tensor],
        window: Tuple[int, int],
        recorded: bool,
    ) -> Tuple[Tensor, Optional[Tensor]]:
        """A call's attention, and its log-sum-exp if the fused kernel computed it.

        recorded: whether PyTorch records the graph, or computes as if it did.
        """
        if self.matrix_products and (self.attention_cap > 0.0 or not recorded):
            return self.matrix_attention(q, k, v, bias, window), None
        if window[0] < 0:
            return self.kernel(q, k, v, bias, recorded)
        ys: List[Tensor] = []
        sums: List[Tensor] = []
        size = self.block_size(window[0] + window[1], q.is_cpu)
        for block in self.window_blocks(q.size(2), size, window):
            first, rows, key, keys = block
            hidden = self.window_bias(block, window, q)
            qi = q.narrow(2, first, rows)
            y, lse = self.kernel(qi, k.narrow(2, key, keys), v.narrow(2, key, keys), hidden, recorded)
            ys.append(y)
            if lse is not None:
                sums.append(lse)
        return torch.cat(ys, 2), torch.cat(sums, 2) if len(sums) > 0 else None

    def call_backward(
        self,
        go: Tensor,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        o: Tensor,
        lse: Optional[Tensor],
        bias: Optional[Tensor],
        window: Tuple[int, int],
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """Gradients of q, k and v of attend_call without a graph; go: gradient of its output o."""
        if lse is None and self.matrix_products:
            return self.matrix_attention_backward(go, q, k, v, bias, window)
        if window[0] < 0:
            return self.kernel_backward(go, q, k, v, o, lse, bias)
        gq: List[Tensor] = []
        gk = torch.zeros(k.size(), dtype=torch.float32, device=k.device)
        gv = torch.zeros(v.size(), dtype=torch.float32, device=v.device)
        size = self.block_size(window[0] + window[1], q.is_cpu)
        for block in self.window_blocks(q.size(2), size, window):
            first, rows, key, keys = block
            a, b, c = self.kernel_backward(
                go.narrow(2, first, rows),
                q.narrow(2, first, rows),
                k.narrow(2, key, keys),
                v.narrow(2, key, keys),
                o.narrow(2, first, rows),
                None if lse is None else lse.narrow(2, first, rows),
                self.window_bias(block, window, q),
            )
            gq.append(a)
            gk.narrow(2, key, keys).add_(b)
            gv.narrow(2, key, keys).add_(c)
        return torch.cat(gq, 2), gk, gv

    def attend(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        documents: List[int],
        batch: Dict[str, Tensor],
        recorded: bool,
    ) -> Dict[str, Tensor]:
        """q [N, A d], k and v [N, G d] -> attended [N, A d]

        Also returns lse.I, the log-sum-exp of call I, if any, or lse of flash attention.
        """
        kept: Dict[str, Tensor] = {}
        if self.is_flash(q, batch):
            attended, sums = self.flash(q, k, v, documents, batch)
            kept["attended"] = attended
            kept["lse"] = sums
            return kept
        pieces: List[Tensor] = []
        for call in self.calls(documents):
            window = self.window(batch, call[2])
            repeat = self.repeats(q, window)
            qi = self.by_heads(q, call, self.num_heads, repeat)
            ki = self.by_heads(k, call, self.num_key_value_heads, repeat)
            vi = self.by_heads(v, call, self.num_key_value_heads, repeat)
            y, lse = self.attend_call(qi, ki, vi, None, window, recorded)
            if lse is not None:
                kept["lse." + str(len(pieces))] = lse
            pieces.append(self.by_tokens(self.cast(y), self.num_heads))
        kept["attended"] = self.joined(pieces)
        return kept

    def attend_backward(
        self,
        go: Tensor,
        kept: Dict[str, Tensor],
        documents: List[int],
        batch: Dict[str, Tensor],
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """Gradients of q, k and v of attend, in F32 or the compute dtype; go: gradient of attended.

        kept: q, k, v, and the result of attend.
        """
        if self.is_flash(kept["q"], batch):
            return self.flash_backward(go, kept, documents, batch)
        gq: List[Tensor] = []
        gk: List[Tensor] = []
        gv: List[Tensor] = []
        go = go.to(kept["q"].dtype)
        for call in self.calls(documents):
            window = self.window(batch, call[2])
            repeat = self.repeats(go, window)
            qi = self.by_heads(kept["q"], call, self.num_heads, repeat)
            ki = self.by_heads(kept["k"], call, self.num_key_value_heads, repeat)
            vi = self.by_heads(kept["v"], call, self.num_key_value_heads, repeat)
            gi = self.by_heads(go, call, self.num_heads, repeat)
            oi = self.by_heads(kept["attended"], call, self.num_heads, repeat)
            lse = kept.get("lse." + str(len(gq)))
            a, b, c = self.call_backward(gi, qi, ki, vi, oi, lse, None, window)
            gq.append(self.by_tokens(a, self.num_heads))
            gk.append(self.by_tokens(b, self.num_key_value_heads))
            gv.append(self.by_tokens(c, self.num_key_value_heads))
        return self.joined(gq), self.joined(gk), self.joined(gv)

    def plain_attention_backward(
        self, g: Tensor, q: Tensor, k: Tensor, v: Tensor, bias: Optional[Tensor]
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """Gradients of q, k and v of plain_attention, which is recomputed."""
        recording = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
        q = q.detach().requires_grad_(True)
        k = k.detach().requires_grad_(True)
        v = v.detach().requires_grad_(True)
        y = self.plain_attention(q, k, v, bias)
        torch.set_grad_enabled(recording)
        return self.recorded_gradients(y, q, k, v, g)

    def recorded_gradients(
        self, y: Tensor, q: Tensor, k: Tensor, v: Tensor, g: Tensor
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """Gradients of q, k and v, from which y was recorded; g: gradient of y."""
        upstream: List[Optional[Tensor]] = [g]
        found = torch.autograd.grad([y], [q, k, v], upstream)
        gq, gk, gv = found[0], found[1], found[2]
        assert gq is not None and gk is not None and gv is not None
        return gq, gk, gv
