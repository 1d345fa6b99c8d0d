"""Nearest matrix of low rank, as the product of an adapter's B and A."""

from typing import List

import torch
from torch import Tensor


class LowRank(torch.nn.Module):
    def factors(self, u: Tensor, s: Tensor, vh: Tensor, r: int) -> List[Tensor]:
        """A = sqrt(S) V^T [r, in] and B = U sqrt(S) [out, r], from singular vectors and values."""
        root = s[:r].sqrt()
        return [root.unsqueeze(1) * vh[:r], u[:, :r] * root]

    def low_rank(self, w: Tensor, r: int) -> List[Tensor]:
        """w [out, in] -> A and B by a full singular value decomposition."""
        u, s, vh = torch.linalg.svd(w, full_matrices=False)
        return self.factors(u, s, vh, r)

    def low_rank_by_iteration(self, w: Tensor, start: Tensor, iterations: int) -> List[Tensor]:
        """w [out, in], random start [in, r] -> A and B by subspace iterations

        Source: Halko et al. 2009, algorithms 4.4 and 5.1.
        """
        q, _ = torch.linalg.qr(w.mm(start))
        for _round in range(iterations):
            q, _ = torch.linalg.qr(w.t().mm(q))
            q, _ = torch.linalg.qr(w.mm(q))
        u, s, vh = torch.linalg.svd(q.t().mm(w), full_matrices=False)
        return self.factors(q.mm(u), s, vh, start.size(1))
