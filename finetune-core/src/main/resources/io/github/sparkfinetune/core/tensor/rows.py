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

    def row_range(self, x: Tensor, first: int, n: int) -> Tensor:
        """Rows [first, first + n) of x [N, ...], as a view [n, ...]"""
        return x.detach()[first : first + n]

    def add_rows(self, rows: Tensor, indices: Tensor, g: Tensor) -> Tensor:
        """Adds g [..., H], of m rows in all, to rows [n, H] at indices [m], in place."""
        return rows.index_add_(0, indices, g.view([-1, rows.size(1)]))

    def set_rows(self, table: Tensor, ids: Tensor, rows: Tensor) -> Tensor:
        """Overwrites the rows ids [n] of table [V, H] with rows [n, H]."""
        return table.index_copy_(0, ids, rows)

    def row_values(self, ids: Tensor, width: int, start: int, begin: int, end: int) -> Tensor:
        """Indices of values [begin, end) of the rows ids [n], in a table from index start on."""
        values = ids.unsqueeze(1) * width + torch.arange(width, device=ids.device)
        return values.view([-1])[begin:end] - start

    def add_row_values(
        self, share: Tensor, start: int, ids: Tensor, rows: Tensor, begin: int, end: int
    ) -> Tensor:
        """Adds values [begin, end) of rows [n, H] to share [s], in place.

        share holds the values from index start on of a table, whose rows ids [n] are added to.
        """
        values = self.row_values(ids, rows.size(1), start, begin, end)
        return share.index_add_(0, values, rows.contiguous().view([-1])[begin:end])

    def take_row_values(
        self, rows: Tensor, share: Tensor, start: int, ids: Tensor, begin: int, end: int
    ) -> Tensor:
        """Copies values [begin, end) of rows [n, H] from share [s], see add_row_values."""
        values = self.row_values(ids, rows.size(1), start, begin, end)
        return rows.view([-1])[begin:end].copy_(share.index_select(0, values))

    def scale_rows(self, x: Tensor, factors: Tensor) -> Tensor:
        """Multiplies each row of x [N, H] by its factor [N], in place."""
        return x.mul_(factors.unsqueeze(1))

    def add_to_tables(self, tables: Tensor, rows: Tensor, ids: Tensor, numbers: Tensor) -> Tensor:
        """Adds rows [m, H] to the rows ids [m] of the tables numbers [m], in place: tables [n, V, H]"""
        return tables.index_put_([numbers, ids], rows, True)
