"""DeBERTa-v2 and -v3: BERT's layers with disentangled attention, recorded by PyTorch.

All layers share the table relative.weight [2 S, H] of relative positions, with an optional norm; S
is the number of buckets on either side. A score has a term for query and key, one for the query and
the key's relative position, and one for the key and the query's. Other shapes as in attention.py.
"""

from typing import Dict, List, Tuple

import torch
from core.arch.bert.bert import Bert
from torch import Tensor


class DebertaV2(Bert):
    content_to_position: bool
    position_to_content: bool
    position_buckets: int
    max_relative_positions: int

    def embeddings(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """Looked-up word rows x [N, H] -> the first hidden state [N, H]

        batch["attention_mask"] [N], if any, is 1 for a token and 0 for padding, whose state is zero.
        """
        if "position.weight" in w:
            x = x + torch.embedding(w["position.weight"], batch["positions"])
        if "type.weight" in w:
            x = x + torch.embedding(w["type.weight"], batch["types"])
        x = self.layer_norm(x, w, "norm")
        if "attention_mask" in batch:
            x = x * batch["attention_mask"].unsqueeze(1)
        return self.dropped(x, masks, "embeddings", self.embeddings_scale)

    def buckets(self, tokens: int) -> Tensor:
        """Row of the table for query index - key index: [L, L], on the CPU, the least at [0, L - 1].

        Distant positions share buckets by the logarithm of their distance.
        """
        r = torch.arange(1 - tokens, tokens, dtype=torch.int64, device=torch.device("cpu"))
        span = self.max_relative_positions
        if self.position_buckets > 0:
            span = self.position_buckets
            mid = span // 2
            distance = torch.where(r.abs().lt(mid), torch.full_like(r, mid - 1), r.abs())
            last = torch.log(torch.tensor((self.max_relative_positions - 1) / mid))
            wide = torch.ceil(torch.log(distance / mid) / last * (mid - 1)) + mid
            r = torch.where(distance.le(mid), r, (wide * torch.sign(r)).to(torch.int64))
        rows = (r + span).clamp(0, 2 * span - 1)
        return rows.unfold(0, tokens, 1).flip([1]).contiguous()

    def heads_first(self, x: Tensor, call: Tuple[int, int, int]) -> Tensor:
        """x [P, H] -> a call's texts, contiguous [A, n, L, d], in the products' type"""
        return self.cast(self.heads(x, call).transpose(0, 1)).contiguous()

    def relative_heads(
        self,
        x: Tensor,
        first: int,
        w: Dict[str, Tensor],
        masks: Dict[str, Tensor],
        linear: str,
        shared: str,
    ) -> Tensor:
        """Projected rows x [R, H] of the table of relative positions, from first on: [A, d, R]

        The projection is the rows' own linear, or a linear shared with the tokens.
        """
        name = linear if self.has_linear(w, linear) else shared
        own: Dict[str, Tensor] = {}
        if name + ".relative" in masks:
            own[name] = masks[name + ".relative"].narrow(0, first, x.size(0))
        rows = self.linear(x, w, own, name)
        return rows.view([x.size(0), self.num_heads, -1]).permute([1, 2, 0])

    def relative_scores(self, x: Tensor, relative: Tensor, rows: Tensor) -> Tensor:
        """Scores of x [A, n, L, d] with relative [A, d, R] at rows [L, L]: [A, n, L, L]"""
        x, relative = self.cast(x), self.cast(relative)
        s = torch.matmul(x.flatten(1, 2), relative).to(torch.float32)
        s = s.view([x.size(0), x.size(1), x.size(2), -1])
        return s.gather(-1, rows.expand([x.size(0), x.size(1), -1, -1]))

    def relative_terms(
        self, tokens: int, w: Dict[str, Tensor], masks: Dict[str, Tensor], scale: float
    ) -> Dict[str, Tensor]:
        """Keys and queries [A, d, R] of the table's rows that texts of this length read"""
        terms: Dict[str, Tensor] = {}
        relative = w["relative.weight"]
        if "relative_norm.weight" in w:
            relative = self.layer_norm(relative, w, "relative_norm")
        relative = self.dropped(relative, masks, "relative", self.hidden_scale)
        rows = self.buckets(tokens)
        first = int(rows[0, -1])
        relative = relative[first : int(rows[-1, 0]) + 1]
        if self.content_to_position:
            terms["keys"] = self.relative_heads(relative, first, w, masks, "relative_key", "key")
        if self.position_to_content:
            queries = self.relative_heads(relative, first, w, masks, "relative_query", "query")
            terms["queries"] = queries * scale
        return terms

    def add_relative_scores(
        self, s: Tensor, q: Tensor, k: Tensor, terms: Dict[str, Tensor], longest: int
    ) -> Tensor:
        """Adds the scores of relative positions to s [A, n, L, L], in place; q, k [A, n, L, d]

        terms: relative_terms of texts of the longest length, which include the rows of this length.
        """
        tokens = s.size(-1)
        rows = self.buckets(tokens)
        first, last = int(rows[0, -1]), int(rows[-1, 0])
        skipped = first - int(self.buckets(longest)[0, -1])
        rows = (rows - first).to(s.device)
        if "keys" in terms:
            keys = terms["keys"].narrow(2, skipped, last - first + 1)
            s = s.add_(self.relative_scores(q, keys, rows))
        if "queries" in terms:
            queries = terms["queries"].narrow(2, skipped, last - first + 1)
            s = s.add_(self.relative_scores(k, queries, rows.t()).transpose(-2, -1))
        return s

    def hidden(self, batch: Dict[str, Tensor], call: Tuple[int, int, int]) -> Tensor:
        """True if query or key is padding: [1, n, L, L]"""
        real = self.padding_bias(batch, call[0], call[1], call[2]).eq(0).transpose(0, 1)
        return real.logical_and(real.transpose(-2, -1)).logical_not()

    def attended(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> [N, H]"""
        narrow = self.cast(x)
        terms = 1 + int(self.content_to_position) + int(self.position_to_content)
        scale = float(x.size(-1) // self.num_heads * terms) ** -0.5
        q = self.padded(self.linear(narrow, w, masks, "query") * scale, batch)
        k = self.padded(self.linear(narrow, w, masks, "key"), batch)
        v = self.linear(narrow, w, masks, "value")
        if "probs" in masks:
            v = v * self.probs_scale
        v = self.padded(v, batch)
        longest = max(documents)
        relative: Dict[str, Tensor] = {}
        if terms > 1:
            relative = self.relative_terms(longest, w, masks, scale)
        pieces: List[Tensor] = []
        at = 0
        for call in self.calls(documents):
            _, n, length = call
            qi, ki = self.heads_first(q, call), self.heads_first(k, call)
            s = torch.matmul(qi, ki.transpose(-2, -1)).to(torch.float32)
            if terms > 1:
                s = self.add_relative_scores(s, qi, ki, relative, longest)
            if "bias" in batch:
                s = s.masked_fill_(self.hidden(batch, call), -3.4028234663852886e38)
            p = s.softmax(-1)
            if "probs" in masks:
                p = p * self.kept_probs(masks, at, n, length).transpose(0, 1)
            y = torch.matmul(self.cast(p), self.heads_first(v, call))
            pieces.append(y.permute([1, 2, 0, 3]).reshape([n * length, -1]))
            at += n * self.num_heads * length * length
        return self.unpadded(self.joined(pieces), batch)
