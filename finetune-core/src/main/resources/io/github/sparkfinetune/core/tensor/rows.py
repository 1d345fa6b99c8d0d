"""Rows of an embedding table and of its gradient."""

import torch
from torch import Tensor


class Rows(torch.nn.Module):
    def lookup(self, table: Tensor, ids: Tensor) -> Tensor:
        """table [V, H] in F32 or BF16, ids [...] -> [..., H] in F32"""
        return torch.embedding(table, ids).to(torch.float32)

    def select_rows(self, x: Tensor, rows: Tensor) -> Tensor:
        """x [N, ...], rows [n] -> [n, ...] in new memory"""
        return x.index_select(0, rows)

    def add_rows(self, rows: Tensor, indices: Tensor, g: Tensor) -> Tensor:
        """Adds g [..., H], of m rows in all, to rows [n, H] at indices [m], in place."""
        return rows.index_add_(0, indices, g.view([-1, rows.size(1)]))

    def set_rows(self, table: Tensor, ids: Tensor, rows: Tensor) -> Tensor:
        """Overwrites the rows ids [n] of table [V, H] with rows [n, H]."""
        return table.index_copy_(0, ids, rows)

    def add_lookups(self, table: Tensor, ids: Tensor, g: Tensor, padding: int) -> Tensor:
        """Adds the gradient g [..., H] of looked-up rows to table [V, H], in place.

        The padding token's row gets no gradient; padding is -1 without a padding token.
        """
        flat = ids.view([-1])
        rows = g.view([-1, table.size(1)])
        if padding >= 0:
            rows = rows * flat.ne(padding).unsqueeze(1)
        return table.index_add_(0, flat, rows)
