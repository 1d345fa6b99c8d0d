"""Output of weight gradients.

gradients holds, by the weights' local names, the tensors that the gradients of trained weights are
written to. add says whether gradients are added to the tensors' values or replace them.

If it also holds sample_rows [n], I64 on the CPU, an adapter's gradients are written for each sample:
the tensors have a leading dimension of n samples, and sample i has the next sample_rows[i] rows.

If it also holds sample_squares [n], F64, a sum or a product is measured: its gradient is not
written. The squared L2 norms of the samples' gradients are added to sample_squares unless it is
empty, and gradients
receives NAME.sums [n, out] of a sum, NAME.of_output [N, out] and NAME.of_input [N, in] of a
product, or NAME.rows, NAME.ids and NAME.samples of a look-up, from which add_scaled computes
gradients. sample_of_row has the sample of each row.
"""

from typing import Dict, List

import torch
from core.model.matmul import Matmul
from torch import Tensor


class WeightGradients(Matmul):
    def put(self, gradients: Dict[str, Tensor], name: str, g: Tensor, add: bool) -> None:
        """Writes the gradient of a weight, if it is trained."""
        if name in gradients:
            assert "sample_squares" not in gradients, "the gradient of a sample cannot be measured"
            if add:
                gradients[name].add_(g)
            else:
                gradients[name].copy_(g)

    def put_sum(self, gradients: Dict[str, Tensor], name: str, g: Tensor, add: bool) -> None:
        """Writes the gradient of a weight, if it is trained: the sum of the rows of g [N, out]"""
        if name in gradients:
            if "sample_squares" in gradients:
                self.measure_sum(gradients, name, g)
            else:
                self.put(gradients, name, g.sum([0]), add)

    def put_product(self, gradients: Dict[str, Tensor], name: str, a: Tensor, b: Tensor, add: bool) -> None:
        """Writes the gradient a^T b of a weight, if it is trained: a [N, out], b [N, in]"""
        if name in gradients:
            if "sample_squares" in gradients:
                self.measure_product(gradients, name, a, b)
            elif "sample_rows" in gradients:
                self.put_sample_products(gradients, name, a, b, add)
            else:
                self.outer(gradients[name], a, b, add)

    def put_lookup(
        self, gradients: Dict[str, Tensor], name: str, ids: Tensor, g: Tensor, padding: int, add: bool
    ) -> None:
        """Writes the gradient of a table, if it is trained: the sums of the rows of g [N, H] by ids [N]

        padding: id whose row gets no gradient, or -1.
        """
        if name not in gradients:
            return
        if "sample_squares" in gradients:
            samples, squares = gradients["sample_of_row"], gradients["sample_squares"]
            size = gradients[name].size(0)
            rows, row_ids, owners = self.measured_rows(squares, samples, ids, g, size, padding)
            gradients[name + ".rows"], gradients[name + ".ids"] = rows, row_ids
            gradients[name + ".samples"] = owners
        else:
            # Unlike index_add, it adds in a fixed order on a GPU.
            size = gradients[name].size(0)
            rows = torch.ops.aten.embedding_dense_backward(g, ids, size, padding, False)
            self.put(gradients, name, rows, add)

    def measured_rows(
        self, squares: Tensor, samples: Tensor, ids: Tensor, g: Tensor, size: int, padding: int
    ) -> List[Tensor]:
        """Adds the squared norms of the samples' gradients of a table to squares [n], F64

        samples [M]: samples of the first rows; ids and g as in put_lookup; size: rows of the table.
        -> gradients [M, H], each of a row that a sample looks up, or zero; their ids and samples [M]
        """
        keys, order = (samples * size + ids.narrow(0, 0, samples.size(0))).sort()
        places = torch.cat([keys[:1] * 0, keys[1:].ne(keys[:-1]).to(torch.int64)]).cumsum(0)
        rows = g.new_zeros([keys.size(0), g.size(1)]).index_add_(0, places, g.index_select(0, order))
        keys = torch.zeros_like(keys).index_copy_(0, places, keys)
        row_ids, owners = keys % size, torch.div(keys, size, rounding_mode="floor")
        if padding >= 0:
            rows.masked_fill_((row_ids == padding).unsqueeze(1), 0.0)
        if squares.size(0) > 0:
            squares.index_add_(
                0, owners, torch.linalg.vector_norm(rows, 2, [1], dtype=torch.float64).square_()
            )
        return [rows, row_ids, owners]

    def add_products(
        self,
        products: Tensor,
        kept: Dict[str, Tensor],
        samples: Tensor,
        others: Dict[str, Tensor],
        of_others: Tensor,
    ) -> Tensor:
        """Adds the products of samples' gradients with those of others to products [n, m], F64

        kept, others: what measuring has kept; samples, of_others: the sample of each row.
        """
        for name in kept.keys():
            if name.endswith(".sums"):
                products.add_(torch.mm(kept[name], others[name].t()))
            elif name.endswith(".rows"):
                weight = name[:-5]
                ids, owners = weight + ".ids", weight + ".samples"
                of_samples = [kept[name], kept[ids], kept[owners]]
                self.add_lookup_products(products, of_samples, [others[name], others[ids], others[owners]])
            elif name.endswith(".of_output"):
                of_input = name[:-10] + ".of_input"
                a = [kept[name], kept[of_input]]
                self.add_outer_products(products, a, samples, [others[name], others[of_input]], of_others)
        return products

    def add_outer_products(
        self,
        products: Tensor,
        of_samples: List[Tensor],
        samples: Tensor,
        of_others: List[Tensor],
        others: Tensor,
    ) -> Tensor:
        """Adds the products of a^T b with c^T d: of_samples a [N, out], b [N, in]; of_others c, d

        A product is the sum over pairs of rows of (a c^T) * (b d^T).
        """
        rows = samples.size(0)
        # Filler may follow the samples' rows.
        a, b = of_samples[0][:rows].to(torch.float32), of_samples[1][:rows].to(torch.float32)
        first, step = 0, max(1, 4194304 // rows)
        while first < others.size(0):
            some = others[first : first + step]
            c = of_others[0][first : first + some.size(0)].to(torch.float32)
            d = of_others[1][first : first + some.size(0)].to(torch.float32)
            by_rows = torch.mm(a, c.t()).mul_(torch.mm(b, d.t()))
            self.add_sums(products, by_rows, samples, some)
            first += step
        return products

    def add_sums(self, products: Tensor, by_rows: Tensor, samples: Tensor, others: Tensor) -> Tensor:
        """Adds by_rows [N, M] to products [n, m], F64, by the sample of each row and of each column."""
        by_sample = by_rows.new_zeros([products.size(0), by_rows.size(1)]).index_add_(0, samples, by_rows)
        sums = products.new_zeros([products.size(1), products.size(0)])
        return products.add_(sums.index_add_(0, others, by_sample.t().to(torch.float64)).t())

    def add_lookup_products(
        self, products: Tensor, of_samples: List[Tensor], of_others: List[Tensor]
    ) -> Tensor:
        """Adds products of samples' gradients of a table, as of measured_rows, to products [n, m], F64"""
        same = of_samples[1].unsqueeze(1).eq(of_others[1])
        by_rows = torch.mm(of_samples[0], of_others[0].t()).masked_fill_(same.logical_not(), 0.0)
        return self.add_sums(products, by_rows, of_samples[2], of_others[2])

    def add_scaled_lookups(
        self, table: Tensor, rows: Tensor, ids: Tensor, samples: Tensor, factors: Tensor
    ) -> Tensor:
        """Adds rows [m, H] to the rows ids [m] of table [V, H], each times the factor of its sample."""
        return table.index_add_(0, ids, rows * factors.index_select(0, samples).unsqueeze(1))

    def put_sample_products(
        self, gradients: Dict[str, Tensor], name: str, a: Tensor, b: Tensor, add: bool
    ) -> None:
        """Writes the gradient a^T b of a weight for each sample, in F32."""
        rows: List[int] = gradients["sample_rows"].tolist()
        # Views made at once take less time than three views a sample.
        targets = gradients[name].unbind(0)
        # Filler may follow the samples' rows.
        parts = rows + [a.size(0) - sum(rows)]
        of_a = a.to(torch.float32).t().split_with_sizes(parts, 1)
        of_b = b.to(torch.float32).split_with_sizes(parts, 0)
        for i in range(len(rows)):
            if add:
                targets[i].addmm_(of_a[i], of_b[i])
            else:
                torch.mm(of_a[i], of_b[i], out=targets[i])

    def measure_sum(self, gradients: Dict[str, Tensor], name: str, g: Tensor) -> None:
        """Adds the squared norm of the sum of each sample's rows of g [N, out]"""
        samples, squares = gradients["sample_of_row"], gradients["sample_squares"]
        sums = g.new_zeros([gradients["sample_rows"].size(0), g.size(1)])
        # Filler may follow the samples' rows.
        sums.index_add_(0, samples, g.narrow(0, 0, samples.size(0)))
        if squares.size(0) > 0:
            squares.add_(torch.linalg.vector_norm(sums, 2, [1], dtype=torch.float64).square_())
        gradients[name + ".sums"] = sums

    def measure_product(self, gradients: Dict[str, Tensor], name: str, a: Tensor, b: Tensor) -> None:
        """Adds the squared norm of a^T b of each sample: a [N, out], b [N, in]"""
        rows: List[int] = gradients["sample_rows"].tolist()
        squares = gradients["sample_squares"]
        i, first = 0, 0
        while i < len(rows) and squares.size(0) > 0:
            # Samples of equal length are computed at once.
            n = 1
            while i + n < len(rows) and rows[i + n] == rows[i]:
                n += 1
            of_a = a.narrow(0, first, n * rows[i]).reshape([n, rows[i], a.size(1)])
            of_b = b.narrow(0, first, n * rows[i]).reshape([n, rows[i], b.size(1)])
            squares.narrow(0, i, n).add_(self.squares_of_products(of_a, of_b))
            first += n * rows[i]
            i += n
        gradients[name + ".of_output"], gradients[name + ".of_input"] = a, b

    def squares_of_products(self, a: Tensor, b: Tensor) -> Tensor:
        """Squared norms [n] of a^T b, in F64: a [n, rows, out], b [n, rows, in]

        They are the sums of (a a^T) * (b b^T), which take less time than a^T b if there are few rows.
        """
        if a.size(1) * (a.size(2) + b.size(2)) < a.size(2) * b.size(2):
            both = torch.bmm(a, a.transpose(1, 2)).mul_(torch.bmm(b, b.transpose(1, 2)))
            # Rounding can make the square of a tiny norm negative.
            return both.sum([1, 2], dtype=torch.float64).clamp_(min=0.0)
        norms: List[Tensor] = []
        for i in range(a.size(0)):
            norms.append(torch.linalg.vector_norm(torch.mm(a[i].t(), b[i]), 2, dtype=torch.float64))
        return torch.stack(norms).square_()

    def add_scaled(
        self, kept: Dict[str, Tensor], gradients: Dict[str, Tensor], factors: Tensor, of_rows: Tensor
    ) -> List[Tensor]:
        """Adds the gradients of the samples to gradients, each times its factor: factors [samples]

        kept: what measuring has kept; of_rows [N]: the factors of the rows.
        """
        added: List[Tensor] = []
        for name, gradient in gradients.items():
            if name + ".rows" in kept:
                rows, ids, samples = kept[name + ".rows"], kept[name + ".ids"], kept[name + ".samples"]
                self.add_scaled_lookups(gradient, rows, ids, samples, factors)
            elif name + ".sums" in kept:
                gradient.addmv_(kept[name + ".sums"].t(), factors)
            elif name + ".of_output" in kept:
                scaled = kept[name + ".of_output"] * of_rows.unsqueeze(1)
                self.outer(gradient, scaled, kept[name + ".of_input"], True)
            added.append(gradient)
        return added
