"""Generation with a cache of keys and values.

cache["keys"] and cache["values"] [B, G, capacity, d] hold B texts, each in its slot from index 0 on.
T new tokens of each text have the indices cache["positions"] [B, T]; cache["rows"] [B, 1] counts the
texts.
"""

from typing import Dict, List

import torch
import torch.nn.functional as F
from core.model.linear import Linear
from core.model.logit_cap import LogitCap
from core.model.matrix_attention import MatrixAttention
from torch import Tensor


class CachedAttention(MatrixAttention, Linear, LogitCap):
    def empty_cache(self, shape: List[int], like: Tensor) -> Tensor:
        """Zeros in the compute dtype on the device of like; unused indices must be finite."""
        return self.cast(torch.zeros(shape, dtype=torch.float32, device=like.device))

    def cache_documents(self, cache: Tensor, x: Tensor, documents: List[int], slots: List[int]) -> None:
        """Copies rows x [N, G d] of packed documents, each to its slot."""
        start = 0
        for i, n in enumerate(documents):
            rows = x[start : start + n].view([n, cache.size(1), -1])
            cache[slots[i]].narrow(1, 0, n).copy_(rows.transpose(0, 1))
            start += n

    def copy_cached(self, cache: Tensor, slot: int, source: Tensor, row: int, n: int) -> Tensor:
        """Copies the first n indices of a row of source to a slot."""
        return cache[slot].narrow(1, 0, n).copy_(source[row].narrow(1, 0, n))

    def hidden_positions(self, positions: Tensor, begin: int, end: int, window: int, heads: int) -> Tensor:
        """positions [B, T] -> [B, 1, T heads, end - begin], 0 where a new token sees an index, else -inf

        A token sees the window tokens that end with itself, or all if window is 0. Each token has heads
        rows.
        """
        seen = torch.arange(begin, end, dtype=torch.int64, device=torch.device("cpu")).to(positions)
        last = positions.unsqueeze(2)
        hidden = seen.gt(last)
        if window > 0:
            hidden = hidden.logical_or(seen.le(last - window))
        bias = torch.zeros_like(hidden, dtype=torch.float32).masked_fill(hidden, float("-inf"))
        b, t, n = bias.size()
        return bias.unsqueeze(2).expand([b, t, heads, n]).reshape([b, 1, t * heads, n])

    def cache_tokens(self, cache: Tensor, x: Tensor, rows: Tensor, positions: Tensor) -> None:
        """Copies rows x [B T, G d] of new tokens to their positions [B, T]."""
        b, t = positions.size()
        by_index = cache.transpose(1, 2)
        by_index[rows, positions] = x.to(cache.dtype).view([b, t, cache.size(1), -1])

    def attend_cached(
        self, q: Tensor, k: Tensor, v: Tensor, cache: Dict[str, Tensor], begin: int, end: int
    ) -> Tensor:
        """Attention of new tokens to themselves and to the cached tokens at indices [begin, end).

        q [B T, A d], k and v [B T, G d], which are cached -> [B T, A d]. cache["bias"] [B, 1, T A / G,
        end - begin] or, for one token, [B, 1, 1, end - begin], if any, is the result of
        hidden_positions. The heads that share a key-value head are the rows of one product, so that
        keys and values are not repeated.
        """
        keys, values = cache["keys"], cache["values"]
        b, g, d = keys.size(0), keys.size(1), keys.size(3)
        t = cache["positions"].size(1)
        self.cache_tokens(keys, k, cache["rows"], cache["positions"])
        self.cache_tokens(values, v, cache["rows"], cache["positions"])
        q = q.to(keys.dtype).view([b, t, g, -1, d]).transpose(1, 2)
        heads = q.size(3)
        q = q.reshape([b, g, t * heads, d])
        seen = keys.narrow(2, begin, end - begin)
        seen_values = values.narrow(2, begin, end - begin)
        if self.attention_cap > 0.0:
            p = self.capped_probabilities(self.capped(q, seen), cache.get("bias"))
            o = torch.matmul(p.to(seen_values.dtype), seen_values)
        else:
            o = F.scaled_dot_product_attention(
                q, seen, seen_values, cache.get("bias"), 0.0, False, scale=self.attention_scale
            )
        return o.view([b, g, t, heads, d]).transpose(1, 2).reshape([b * t, -1])

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
