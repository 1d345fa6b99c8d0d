"""Calls of attention: the documents of one call, and the size of its parts."""

from typing import List, Tuple

import torch
from torch import Tensor


class AttentionCalls(torch.nn.Module):
    def calls(self, documents: List[int]) -> List[Tuple[int, int, int]]:
        """The calls that compute all documents: (first token, documents, tokens of each).

        Consecutive documents of equal length share a call.
        """
        calls: List[Tuple[int, int, int]] = []
        start = 0
        for length in documents:
            first, n, same = calls[-1] if len(calls) > 0 else (start, 0, -1)
            if same == length:
                calls[-1] = (first, n + 1, length)
            else:
                calls.append((start, 1, length))
            start += length
        return calls

    def joined(self, pieces: List[Tensor]) -> Tensor:
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces)

    def matrices_at_once(self, scores: int, size: int) -> int:
        """Number of matrices, each of so many scores of size bytes; at least one.

        So many matrices stay in a CPU's cache from one operation to the next: 2 MB.
        """
        return max(1, 2097152 // (size * scores))
