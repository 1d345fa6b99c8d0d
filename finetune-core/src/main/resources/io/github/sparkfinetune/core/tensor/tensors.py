"""Simple operations on whole tensors, which Java calls by name."""

from typing import List

import torch
from torch import Tensor


class Tensors(torch.nn.Module):
    def copy(self, target: Tensor, source: Tensor) -> Tensor:
        """Overwrites target in place."""
        return target.copy_(source)

    def copy_later(self, target: Tensor, source: Tensor) -> Tensor:
        """As copy; the processor does not wait for a copy from pinned memory to a GPU."""
        return target.copy_(source, non_blocking=True)

    def copy_all(self, targets: List[Tensor], sources: List[Tensor]) -> List[Tensor]:
        """Overwrites targets in place, which PyTorch does not record."""
        for i in range(len(targets)):
            targets[i].detach().copy_(sources[i].detach())
        return targets

    def copy_stretches(
        self, target: Tensor, starts: List[int], source: Tensor, offsets: List[int], sizes: List[int]
    ) -> Tensor:
        """Overwrites stretches of target [n] by those of source [m], in the type of target."""
        for i in range(len(starts)):
            target[starts[i] : starts[i] + sizes[i]].copy_(source[offsets[i] : offsets[i] + sizes[i]])
        return target

    def zero(self, x: Tensor) -> Tensor:
        return x.zero_()

    def is_finite(self, x: Tensor) -> Tensor:
        """1 if all values are finite, else 0, in F32"""
        return x.detach().isfinite().all().to(torch.float32)

    def add_scaled_rows(self, target: Tensor, rows: Tensor, factors: Tensor) -> Tensor:
        """Adds factors[i] * rows[i] for all i to target [m], in place: rows [n, m], factors [n]"""
        return target.addmv_(rows.t(), factors)

    def row_products(self, xs: List[Tensor], others: List[Tensor]) -> Tensor:
        """Products [n, m] of the rows of tensors [n, values] with those of others [m, values], in F64"""
        products: List[Tensor] = []
        for i in range(len(xs)):
            products.append(torch.mm(xs[i], others[i].t()).to(torch.float64))
        return torch.stack(products).sum(0)

    def row_norms(self, xs: List[Tensor]) -> Tensor:
        """L2 norms [n, number of xs] of the rows of tensors [n, values], in F64.

        As in unit_norms, F32 adds up the squares of a unit. F64 alone takes ten times as long.
        """
        norms: List[Tensor] = []
        for x in xs:
            whole = x.size(1) // 4096 * 4096
            units = torch.linalg.vector_norm(x[:, :whole].view([x.size(0), whole // 4096, 4096]), 2, [2])
            rest = torch.linalg.vector_norm(x[:, whole:], 2, [1]).view([-1, 1])
            norms.append(torch.linalg.vector_norm(torch.cat([units, rest], 1), 2, [1], dtype=torch.float64))
        return torch.stack(norms, 1)

    def unit_norms(self, xs: List[Tensor], unit: int) -> Tensor:
        """L2 norms [n] of the units of unit consecutive values of each contiguous tensor, and of its rest.

        F32 adds up the squares of a unit accurately. In one call, the norm of 2^27 equal values is 7 % too
        large on a CPU, and that of 2^28 values is 22 % too small.
        """
        norms: List[Tensor] = []
        for x in xs:
            flat = x.detach().view([-1])
            whole = flat.size(0) // unit * unit
            norms.append(torch.linalg.vector_norm(flat[:whole].view([-1, unit]), 2, [1]))
            if whole < flat.size(0):
                norms.append(torch.linalg.vector_norm(flat[whole:], 2, [0]).view([1]))
        return torch.cat(norms)

    def stretch(self, x: Tensor, start: int, end: int) -> Tensor:
        """Values [start, end) of x, row-major, as a view [end - start]."""
        return x.detach().view(-1)[start:end]

    def view_like(self, flat: Tensor, like: Tensor) -> Tensor:
        """flat [n] in the shape of another tensor"""
        return flat.view(like.size())

    def byte_stretch(self, x: Tensor, start: int, end: int) -> Tensor:
        """Bytes [start, end) of x, which is contiguous, as a view [end - start] in U8."""
        # set_ adds the offset of x, unconverted, in elements of x.
        first = x.storage_offset() * (x.element_size() - 1) + start
        return torch.empty([0], dtype=torch.uint8, device=x.device).set_(x.detach(), first, [end - start])

    def f32(self, x: Tensor) -> Tensor:
        """x in F32, row-major; x itself if it is already."""
        return x.to(torch.float32).contiguous()

    def empty_bf16(self, shape: List[int], like: Tensor) -> Tensor:
        """An uninitialised tensor in BF16 on the device of like."""
        return torch.empty(shape, dtype=torch.bfloat16, device=like.device)

    def over_bytes(self, memory: Tensor, shape: List[int], bf16: bool) -> Tensor:
        """A tensor in BF16 or F32 over memory [bytes], whose changes autograd does not notice."""
        dtype = torch.bfloat16 if bf16 else torch.float32
        return torch.empty([0], dtype=dtype, device=memory.device).set_(memory, 0, shape)

    def placeholder(self, like: Tensor, shape: List[int]) -> Tensor:
        """A tensor that has a shape, but no memory; its values are NaN."""
        return torch.full([1], float("nan"), device=like.device).expand(shape)

    def file_values(self, file: str, count: int, bf16: bool) -> Tensor:
        """A mapped file of values in BF16 or F32: [count]"""
        dtype = torch.bfloat16 if bf16 else torch.float32
        return torch.from_file(file, False, count, dtype=dtype)

    def part(self, values: Tensor, begin: int, shape: List[int], like: Tensor) -> Tensor:
        """A tensor that begins at index begin of values [n], on the device of like; a view on the CPU."""
        n = 1
        for extent in shape:
            n *= extent
        return values[begin : begin + n].view(shape).to(like.device)

    def views_like(self, flat: Tensor, like: List[Tensor]) -> List[Tensor]:
        """Consecutive ranges of flat [..., n]: views [..., *] in the shapes of tensors with n elements."""
        views: List[Tensor] = []
        start = 0
        for other in like:
            n = other.numel()
            views.append(flat.narrow(-1, start, n).view(flat.shape[:-1] + other.shape))
            start += n
        return views

    def views_at(self, flat: Tensor, starts: List[int], like: List[Tensor]) -> List[Tensor]:
        """Ranges of flat [n] from starts: views in the shapes of tensors."""
        views: List[Tensor] = []
        for i in range(len(starts)):
            views.append(flat.narrow(0, starts[i], like[i].numel()).view(like[i].shape))
        return views

    def each_select(self, xs: List[Tensor], i: int) -> List[Tensor]:
        """Element i of the first dimension of each tensor, as views."""
        return [x.select(0, i) for x in xs]
