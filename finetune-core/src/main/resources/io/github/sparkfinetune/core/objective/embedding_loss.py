"""Loss of embeddings that compares each anchor with the texts of all pairs, as in RankingLoss.java.

D texts of H elements, of all ranks; A of them are anchors, the other C candidates. Own texts are
those of this rank.
"""

from typing import List

import torch
from torch import Tensor


class EmbeddingLoss(torch.nn.Module):
    scale: float
    rows_at_once: int

    def units(self, x: Tensor, width: int) -> Tensor:
        """First elements of texts, [D, width], divided by their Euclidean norm"""
        x = x.narrow(1, 0, width).to(torch.float32)
        return x / x.norm(2.0, [1], True).clamp(min=1e-12)

    def similarities(
        self,
        anchors: Tensor,
        candidates: Tensor,
        anchor_ids: Tensor,
        candidate_ids: Tensor,
        positives: Tensor,
        first: int,
    ) -> Tensor:
        """anchors [a, W], candidates [c, W], the candidates from number first on -> scaled cosines [a, c]

        A candidate with the tokens of the anchor or of its positive is no negative, and has -inf.
        anchor_ids [a, 2]: id of the anchor and of its positive. positives [a]: number of the positive.
        """
        z = torch.mm(anchors, candidates.t()) * self.scale
        ids = candidate_ids.unsqueeze(0)
        equal = ids.eq(anchor_ids.narrow(1, 0, 1)) | ids.eq(anchor_ids.narrow(1, 1, 1))
        numbers = torch.arange(first, first + candidates.size(0), device=z.device)
        other = numbers.unsqueeze(0).ne(positives.unsqueeze(1))
        return z.masked_fill(equal & other, float("-inf"))

    def ranking(
        self,
        texts: Tensor,
        widths: List[int],
        anchors: Tensor,
        candidates: Tensor,
        anchor_ids: Tensor,
        candidate_ids: Tensor,
        positives: Tensor,
    ) -> List[Tensor]:
        """texts [D, H]; anchors and candidates: indices of own anchors [A] and of all candidates [C]

        -> [losses [A], summed over the widths; log-sum-exp [A, widths]]
        """
        losses = torch.zeros([anchors.size(0)], dtype=torch.float32, device=texts.device)
        sums = torch.zeros([anchors.size(0), len(widths)], dtype=torch.float32, device=texts.device)
        for k, width in enumerate(widths):
            u = self.units(texts, width)
            c = u.index_select(0, candidates)
            for at in range(0, anchors.size(0), self.rows_at_once):
                n = min(self.rows_at_once, anchors.size(0) - at)
                a = u.index_select(0, anchors.narrow(0, at, n))
                own = positives.narrow(0, at, n)
                z = self.similarities(a, c, anchor_ids.narrow(0, at, n), candidate_ids, own, 0)
                total = z.logsumexp([1])
                sums.select(1, k).narrow(0, at, n).copy_(total)
                losses.narrow(0, at, n).add_(total - z.gather(1, own.unsqueeze(1)).squeeze(1))
        return [losses, sums]

    def ranking_gradient(
        self,
        texts: Tensor,
        widths: List[int],
        anchors: Tensor,
        candidates: Tensor,
        anchor_ids: Tensor,
        candidate_ids: Tensor,
        positives: Tensor,
        sums: Tensor,
        own: List[int],
        scale: float,
    ) -> Tensor:
        """Gradient of scale times the sum of all anchors' losses by own texts, [d, H]

        All anchors, as in ranking. own: first text and number of texts, then the same of anchors and
        of candidates.
        """
        first, count, first_a, own_a, first_c, own_c = own[0], own[1], own[2], own[3], own[4], own[5]
        gradient = torch.zeros([count, texts.size(1)], dtype=torch.float32, device=texts.device)
        for k, width in enumerate(widths):
            u = self.units(texts, width)
            g = torch.zeros([count, width], dtype=torch.float32, device=texts.device)
            c = u.index_select(0, candidates)
            mine = c.narrow(0, first_c, own_c)
            g_c = torch.zeros([own_c, width], dtype=torch.float32, device=texts.device)
            for at in range(0, anchors.size(0), self.rows_at_once):
                n = min(self.rows_at_once, anchors.size(0) - at)
                a = u.index_select(0, anchors.narrow(0, at, n))
                ids = candidate_ids.narrow(0, first_c, own_c)
                z = self.similarities(
                    a, mine, anchor_ids.narrow(0, at, n), ids, positives.narrow(0, at, n), first_c
                )
                g_c.addmm_(
                    self.off(z, sums.select(1, k).narrow(0, at, n), positives.narrow(0, at, n), first_c).t(),
                    a,
                )
            for at in range(first_a, first_a + own_a, self.rows_at_once):
                n = min(self.rows_at_once, first_a + own_a - at)
                a = u.index_select(0, anchors.narrow(0, at, n))
                z = self.similarities(
                    a, c, anchor_ids.narrow(0, at, n), candidate_ids, positives.narrow(0, at, n), 0
                )
                p = self.off(z, sums.select(1, k).narrow(0, at, n), positives.narrow(0, at, n), 0)
                g.index_copy_(0, anchors.narrow(0, at, n) - first, torch.mm(p, c))
            g.index_copy_(0, candidates.narrow(0, first_c, own_c) - first, g_c)
            gradient.narrow(1, 0, width).add_(self.by_texts(texts.narrow(0, first, count), g, width))
        return gradient * (self.scale * scale)

    def off(self, z: Tensor, sums: Tensor, positives: Tensor, first: int) -> Tensor:
        """Softmax of similarities z [a, c] with log-sum-exp sums [a], less 1 at the positive"""
        p = torch.exp(z - sums.unsqueeze(1))
        numbers = torch.arange(first, first + z.size(1), device=z.device)
        return p - numbers.unsqueeze(0).eq(positives.unsqueeze(1)).to(p.dtype)

    def by_texts(self, texts: Tensor, g: Tensor, width: int) -> Tensor:
        """Gradient by the first elements of texts [d, width], given that by their units g [d, width]"""
        x = texts.narrow(1, 0, width).to(torch.float32)
        norm = x.norm(2.0, [1], True).clamp(min=1e-12)
        u = x / norm
        return (g - u * (u * g).sum([1], True)) / norm

    def cosines(self, texts: Tensor, widths: List[int]) -> Tensor:
        """Cosines of the texts 2 i and 2 i + 1, [D / 2, widths], in F64"""
        all: List[Tensor] = []
        for width in widths:
            u = self.units(texts, width).view([-1, 2, width])
            all.append((u.select(1, 0) * u.select(1, 1)).sum([1]))
        return torch.stack(all, 1).to(torch.float64)

    def cosines_gradient(self, texts: Tensor, widths: List[int], slopes: Tensor) -> Tensor:
        """Gradient by texts [D, H], given that by cosines slopes [D / 2, widths]"""
        gradient = torch.zeros([texts.size(0), texts.size(1)], dtype=torch.float32, device=texts.device)
        for k, width in enumerate(widths):
            u = self.units(texts, width).view([-1, 2, width])
            g = u.flip([1]) * slopes.select(1, k).to(torch.float32).view([-1, 1, 1])
            gradient.narrow(1, 0, width).add_(self.by_texts(texts, g.reshape([-1, width]), width))
        return gradient
