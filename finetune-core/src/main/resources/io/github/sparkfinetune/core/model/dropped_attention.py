"""Attention within documents, see document_attention.py, that the fused kernel cannot compute.

The kernel accepts no custom mask: masks["probs"], if any, is the dropout mask of the probabilities,
the [A, L, L] of all documents, concatenated. The scale is multiplied into the values, the smallest
factor. The kernel cannot differentiate rows that see only padding, as rows of padding may:
batch["bias"] [N], if any, is 0 for a token and -inf for padding.
"""

from typing import Dict, List, Optional, Tuple

import torch
from core.model.document_attention import DocumentAttention
from torch import Tensor


class DroppedAttention(DocumentAttention):
    probs_scale: float

    def is_fusible(self, batch: Dict[str, Tensor], masks: Dict[str, Tensor]) -> bool:
        """Whether the fused kernel can compute it."""
        return "bias" not in batch and "probs" not in masks

    def bias(self, q: Tensor, batch: Dict[str, Tensor], start: int, length: int) -> Optional[Tensor]:
        """The bias [L, L] of the document that begins at token start of the queries q [N, A d].

        It is finite with padding, whose rows may see nothing; such a row then sees all tokens equally.
        """
        window = self.window(batch, length)
        hidden: Optional[Tensor] = None
        if window[0] >= 0:
            hidden = self.window_bias((0, length, 0, length), window, q)
        if "bias" not in batch:
            return hidden
        both = batch["bias"].narrow(0, start, length).unsqueeze(0).expand([length, length])
        if hidden is not None:
            both = both + hidden
        return both.clamp(min=-3.4028234663852886e38)

    def dropped_attention(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        documents: List[int],
        batch: Dict[str, Tensor],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """q, k, v [N, A d] -> attended [N, A d], as PyTorch records it."""
        pieces: List[Tensor] = []
        start = 0
        at = 0
        for n in documents:
            qi = self.by_heads(q, (start, 1, n), self.num_heads, True)
            ki = self.by_heads(k, (start, 1, n), self.num_heads, True)
            vi = self.by_heads(v, (start, 1, n), self.num_heads, True)
            s = torch.matmul(qi * self.attention_scale, ki.transpose(-2, -1))
            bias = self.bias(q, batch, start, n)
            if bias is not None:
                s = s + bias
            elif self.causal:
                later_keys = torch.ones_like(s[0, 0], dtype=torch.bool).triu(1)
                s = s.masked_fill(later_keys, float("-inf"))
            p = s.softmax(-1)
            if "probs" in masks:
                scores = self.num_heads * n * n
                p = p * masks["probs"].narrow(0, at, scores).view(p.size())
                vi = vi * self.probs_scale
                at += scores
            y = torch.matmul(p, vi)
            pieces.append(self.by_tokens(y, self.num_heads))
            start += n
        return torch.cat(pieces)

    def dropped_attention_backward(
        self,
        go: Tensor,
        kept: Dict[str, Tensor],
        documents: List[int],
        batch: Dict[str, Tensor],
        masks: Dict[str, Tensor],
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """Gradients of kept q, k and v of dropped_attention, which is recomputed."""
        recording = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
        q = kept["q"].detach().to(torch.float32).requires_grad_(True)
        k = kept["k"].detach().to(torch.float32).requires_grad_(True)
        v = kept["v"].detach().to(torch.float32).requires_grad_(True)
        y = self.dropped_attention(q, k, v, documents, batch, masks)
        torch.set_grad_enabled(recording)
        return self.recorded_gradients(y, q, k, v, go)
