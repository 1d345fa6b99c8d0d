"""Generation with a cache of keys and values.

cache["keys"] and cache["values"] [B, G, capacity, d] hold B sequences that end at the same index. A
sequence begins at its start; the values before it are zero and hidden.
"""

from typing import Dict, List

import torch
import torch.nn.functional as F
from core.model.linear import Linear
from core.model.logit_cap import LogitCap
from core.model.matrix_attention import MatrixAttention
from torch import Tensor


class CachedAttention(MatrixAttention, Linear, LogitCap):
    def cache_documents(self, cache: Tensor, x: Tensor, documents: List[int], end: int) -> None:
        """Copies rows x [N, G d] of packed documents, one for each sequence, so that they end at end."""
        start = 0
        for i, n in enumerate(documents):
            rows = x[start : start + n].view([n, cache.size(1), -1])
            cache[i].narrow(1, end - n, n).copy_(rows.transpose(0, 1))
            start += n

    def hidden_positions(self, starts: Tensor, begin: int, end: int) -> Tensor:
        """starts [B] -> [B, 1, 1, end - begin], 0 from a sequence's start on, else -inf"""
        positions = torch.arange(begin, end, dtype=torch.int64, device=torch.device("cpu"))
        hidden = positions.to(starts).unsqueeze(0).lt(starts.unsqueeze(1))
        bias = torch.zeros_like(hidden, dtype=torch.float32).masked_fill(hidden, float("-inf"))
        return bias.unsqueeze(1).unsqueeze(1)

    def attend_cached(
        self, q: Tensor, k: Tensor, v: Tensor, cache: Dict[str, Tensor], begin: int, end: int
    ) -> Tensor:
        """Attention of one new token per sequence to itself and to the cached tokens from begin on.

        The new key and value are cached at index end - 1. q [B, A d], k and v [B, G d] -> [B, A d].
        cache["bias"] [B, 1, 1, end - begin], if any, is the result of hidden_positions. The heads that
        share a key-value head are the rows of one product, so that keys and values are not repeated.
        """
        keys, values = cache["keys"], cache["values"]
        b, g = keys.size(0), keys.size(1)
        keys.select(2, end - 1).copy_(k.view([b, g, -1]))
        values.select(2, end - 1).copy_(v.view([b, g, -1]))
        q = q.view([b, g, -1, keys.size(3)]).to(keys.dtype)
        seen = keys.narrow(2, begin, end - begin)
        seen_values = values.narrow(2, begin, end - begin)
        if self.attention_cap > 0.0:
            p = self.capped_probabilities(self.capped(q, seen), cache.get("bias"))
            o = torch.matmul(p, seen_values)
        else:
            o = F.scaled_dot_product_attention(
                q, seen, seen_values, cache.get("bias"), 0.0, False, scale=self.attention_scale
            )
        return o.reshape([b, -1])

    def cache_grown(self, cache: Tensor, end: int, capacity: int) -> Tensor:
        """The cache with a larger capacity, in new memory."""
        grown = cache.new_zeros([cache.size(0), cache.size(1), capacity, cache.size(3)])
        grown.narrow(2, 0, end).copy_(cache.narrow(2, 0, end))
        return grown

    def next_logits(self, h: Tensor, lm_head: Tensor) -> Tensor:
        """Logits [B, V] of hidden states h [B, H]; lm_head [V, H]

        The lm_head has many rows, so few_rows is faster for more hidden states.
        """
        if h.size(0) <= 8 or self.is_few(h):
            return self.capped_logits(self.few_rows(h, lm_head))
        return self.capped_logits(self.without_graph(h, lm_head, None))
