"""Calls of attention: the documents of one call, its blocks of queries, and the size of its parts.

A window (before, after) is the number of tokens that a token sees before and after itself, or (-1,
-1) for no window.
"""

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

    def window_blocks(self, rows: int, size: int, window: Tuple[int, int]) -> List[Tuple[int, int, int, int]]:
        """Blocks of size queries: (first query, queries, first visible key, visible keys).

        rows: number of queries and of keys. The first visible key is a multiple of 32, as in
        matrix_attention.py, if size is.
        """
        before, after = (window[0] + 31) // 32 * 32, window[1]
        blocks: List[Tuple[int, int, int, int]] = []
        for first in range(0, rows, size):
            n = min(size, rows - first)
            key = max(0, first - before)
            blocks.append((first, n, key, min(rows, first + n + after) - key))
        return blocks

    def block_size(self, keys: int, on_cpu: bool) -> int:
        """Number of queries in a block, of which a query sees up to so many keys.

        A CPU multiplies more queries faster if they see many keys; fewer queries see fewer hidden keys.
        On a GPU blocks are few.
        """
        return max(256, min(1024, keys // 1024 * 256) if on_cpu else (keys + 31) // 32 * 32)

    def window_bias(self, block: Tuple[int, int, int, int], window: Tuple[int, int], like: Tensor) -> Tensor:
        """The bias [queries, visible keys] of a block of window_blocks."""
        first, rows, key, keys = block
        hidden = torch.full([rows, keys], float("-inf"), dtype=like.dtype, device=like.device)
        # A query's own key is this many columns behind the query's row.
        own = first - key
        return hidden.triu(own + window[1] + 1).add_(hidden.tril(own - window[0] - 1))

    def joined(self, pieces: List[Tensor]) -> Tensor:
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces)

    def matrices_at_once(self, scores: int, size: int) -> int:
        """Number of matrices, each of so many scores of size bytes; at least one.

        So many matrices stay in a CPU's cache from one operation to the next: 2 MB.
        """
        return max(1, 2097152 // (size * scores))
