"""MPNet: BERT's layers, with a bias of the scores by the distance of query and key.

All layers share the table relative.weight [buckets, A]. Each distance below 8 has its own bucket.
Larger distances up to 128 share buckets by their logarithm. There are 16 buckets for keys before
the query and 16 for keys after it.
"""

from typing import Dict, Optional

import torch
import torch.nn.functional as F
from core.arch.bert.bert import Bert
from torch import Tensor


class Mpnet(Bert):
    def buckets(self, tokens: int, like: Tensor) -> Tensor:
        """Rows of the table by key index - query index + L - 1: [2 L - 1], on the device of like."""
        n = torch.arange(tokens - 1, -tokens, -1, dtype=torch.int64, device=torch.device("cpu"))
        behind = n.lt(0).to(torch.int64) * 16
        n = n.abs()
        wide = (torch.log(n.to(torch.float32) / 8) / 2.772588722239781 * 8).to(torch.int64) + 8
        return (behind + torch.where(n.lt(8), n, wide.clamp(max=15))).to(like.device)

    def relative_bias(self, w: Dict[str, Tensor], tokens: int) -> Optional[Tensor]:
        """[A, L, L]"""
        table = w["relative.weight"]
        by_distance = torch.embedding(table, self.buckets(tokens, table)).t()
        return by_distance.unfold(1, tokens, 1).flip([1])

    def relative_bias_backward(self, g: Tensor, gradients: Dict[str, Tensor]) -> None:
        """Adds up g [A, L, L] along its diagonals, which are distances.

        Rows that are one value longer than the number of diagonals align each diagonal in a column.
        """
        heads, tokens = g.size(0), g.size(1)
        width = 2 * tokens - 1
        skewed = F.pad(g.flip([1]), [0, tokens]).flatten(1)[:, : tokens * width]
        by_distance = skewed.view([heads, tokens, width]).sum([1])
        table = gradients["relative.weight"]
        table.index_add_(0, self.buckets(tokens, table), by_distance.t())
