"""Attention to near tokens only, of documents that are concatenated to one row of N tokens.

The row is split into n blocks of 2 w tokens, for a window of w tokens on either side. The queries
of a block see at most 4 w tokens, from w before the block to w after it. batch["band"]
[n, 1, 2 w, 4 w] is 0 if a query sees a key, which is of its own document, else -inf. The padding of
the last block sees all.

So a token's attention costs the same in a text of any length. A heads of width d, H = A d.
"""

from typing import Dict, Tuple

import torch
import torch.nn.functional as F
from core.model.document_attention import DocumentAttention
from torch import Tensor


class BandedAttention(DocumentAttention):
    def blocks(self, x: Tensor, band: Tensor) -> Tensor:
        """x [N, H] -> the blocks' tokens [n, A, 2 w, d]"""
        n, size = band.size(0), band.size(2)
        filled = F.pad(x, [0, 0, 0, n * size - x.size(0)])
        return filled.view([n, size, self.num_heads, -1]).transpose(1, 2)

    def surroundings(self, x: Tensor, band: Tensor) -> Tensor:
        """x [N, H] -> the tokens that each block sees [n, A, 4 w, d]"""
        n, size = band.size(0), band.size(2)
        window = size // 2
        filled = F.pad(x, [0, 0, window, n * size - x.size(0) + window])
        by_head = filled.view([filled.size(0), self.num_heads, -1])
        return by_head.unfold(0, 2 * size, size).transpose(2, 3)

    def from_blocks(self, x: Tensor, tokens: int) -> Tensor:
        """[n, A, 2 w, d] -> [N, H]"""
        return x.transpose(1, 2).reshape([x.size(0) * x.size(2), -1]).narrow(0, 0, tokens)

    def from_surroundings(self, x: Tensor, tokens: int) -> Tensor:
        """Adds up each token's values over the blocks that see it: [n, A, 4 w, d] -> [N, H]"""
        n, size = x.size(0), x.size(2) // 2
        halves = x.transpose(1, 2).reshape([n, 2, size, -1])
        sums = F.pad(halves.select(1, 0), [0, 0, 0, 0, 0, 1])
        sums.narrow(0, 1, n).add_(halves.select(1, 1))
        return sums.flatten(0, 1).narrow(0, size // 2, tokens)

    def attend_near(self, q: Tensor, k: Tensor, v: Tensor, band: Tensor, recorded: bool) -> Dict[str, Tensor]:
        """As attend, for near tokens only."""
        qb, kb, vb = self.blocks(q, band), self.surroundings(k, band), self.surroundings(v, band)
        kept: Dict[str, Tensor] = {}
        y, lse = self.attend_call(qb, kb, vb, band, (-1, -1), recorded)
        if lse is not None:
            kept["lse.0"] = lse
        kept["attended"] = self.from_blocks(self.cast(y), q.size(0))
        return kept

    def attend_near_backward(
        self, go: Tensor, kept: Dict[str, Tensor], band: Tensor
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """As attend_backward, for attend_near."""
        q = kept["q"]
        gq, gk, gv = self.call_backward(
            self.blocks(go.to(q.dtype), band),
            self.blocks(q, band),
            self.surroundings(kept["k"], band),
            self.surroundings(kept["v"], band),
            self.blocks(kept["attended"], band),
            kept.get("lse.0"),
            band,
            (-1, -1),
        )
        return (
            self.from_blocks(gq.to(torch.float32), q.size(0)),
            self.from_surroundings(gk.to(torch.float32), q.size(0)),
            self.from_surroundings(gv.to(torch.float32), q.size(0)),
        )
