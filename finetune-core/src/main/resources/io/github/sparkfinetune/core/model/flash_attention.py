"""Attention of all documents in one call of CUDA's flash attention, in BF16, without dropout or cap.

N tokens of all documents concatenated, A heads of width d, G key-value heads. batch["starts"]
[D + 1], I32, has the index of each document's first token, and N. The size of batch["near"], if
any, is [b + 1, 0, a + 1]: a token sees b tokens before and a tokens after itself.
"""

from typing import Dict, List, Tuple

import torch
from core.model.matmul import Matmul
from torch import Tensor


class FlashAttention(Matmul):
    attention_scale: float
    attention_cap: float
    causal: bool
    num_heads: int
    num_key_value_heads: int
    flash_attention: bool

    def is_flash(self, q: Tensor, batch: Dict[str, Tensor]) -> bool:
        """Whether flash attention computes queries [N, A d]; class AttentionKernel has the widths, too."""
        if not self.flash_attention or q.is_cpu or "starts" not in batch or not self.casts():
            return False
        width = q.size(1) // self.num_heads
        return self.attention_cap == 0.0 and width % 8 == 0 and width <= 256

    def near(self, batch: Dict[str, Tensor]) -> Tuple[int, int]:
        """The number of tokens that a token sees before and after itself; -1 for all."""
        if "near" not in batch:
            return -1, -1
        return batch["near"].size(0) - 1, batch["near"].size(2) - 1

    def flash(
        self, q: Tensor, k: Tensor, v: Tensor, documents: List[int], batch: Dict[str, Tensor]
    ) -> Tuple[Tensor, Tensor]:
        """q [N, A d], k and v [N, G d] -> attended [N, A d] and log-sum-exp [A, N]"""
        before, after = self.near(batch)
        found = torch.ops.aten._flash_attention_forward(
            self.cast(q).view([q.size(0), self.num_heads, -1]),
            self.cast(k).view([k.size(0), self.num_key_value_heads, -1]),
            self.cast(v).view([v.size(0), self.num_key_value_heads, -1]),
            batch["starts"],
            batch["starts"],
            max(documents),
            max(documents),
            0.0,
            self.causal,
            False,
            scale=self.attention_scale,
            window_size_left=before,
            window_size_right=after,
        )
        return found[0].reshape([q.size(0), -1]), found[1]

    def flash_backward(
        self, g: Tensor, kept: Dict[str, Tensor], documents: List[int], batch: Dict[str, Tensor]
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """Gradients of q, k and v, which kept holds with attended and lse; g: gradient of attended."""
        before, after = self.near(batch)
        q, k, v = self.cast(kept["q"]), self.cast(kept["k"]), self.cast(kept["v"])
        # Only dropout reads the state of the generator.
        state = torch.empty([2], dtype=torch.int64, device=g.device)
        gq, gk, gv = torch.ops.aten._flash_attention_backward(
            self.cast(g).view([g.size(0), self.num_heads, -1]),
            q.view([q.size(0), self.num_heads, -1]),
            k.view([k.size(0), self.num_key_value_heads, -1]),
            v.view([v.size(0), self.num_key_value_heads, -1]),
            self.cast(kept["attended"]).view([g.size(0), self.num_heads, -1]),
            kept["lse"],
            batch["starts"],
            batch["starts"],
            max(documents),
            max(documents),
            0.0,
            self.causal,
            state,
            state,
            scale=self.attention_scale,
            window_size_left=before,
            window_size_right=after,
        )
        return gq.view(q.size()), gk.view(k.size()), gv.view(v.size())
