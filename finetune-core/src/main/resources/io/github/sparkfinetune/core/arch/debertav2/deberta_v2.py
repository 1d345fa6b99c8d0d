"""DeBERTa-v2 and -v3: BERT's layers with disentangled attention, recorded by PyTorch.

All layers share the table relative.weight [2 S, H] of relative positions, which a norm or none is
applied to; S: the buckets on either side. A query scores the relative position of each key, and each
key that of the query, besides the key itself. Other shapes as in attention.py.
"""

from typing import Dict

import torch
from core.arch.bert.bert import Bert
from torch import Tensor


class DebertaV2(Bert):
    content_to_position: bool
    position_to_content: bool
    position_buckets: int
    max_relative_positions: int

    def embeddings(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """Looked-up word rows x [B, T, H] -> the first hidden state [B, T, H], zeros at padding"""
        if "position.weight" in w:
            x = x + torch.embedding(w["position.weight"], batch["positions"])
        if "type.weight" in w:
            x = x + torch.embedding(w["type.weight"], batch["types"])
        x = self.layer_norm(x, w, "norm")
        if "bias" in batch:
            x = x * batch["bias"].eq(0).to(torch.float32).view([x.size(0), x.size(1), 1])
        return self.dropped(x, masks, "embeddings", self.embeddings_scale)

    def buckets(self, tokens: int) -> Tensor:
        """Row of the table for query place - key place: [T, T], on the CPU, the least at [0, T - 1].

        Far positions share buckets by the logarithm of their distance.
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

    def heads_first(self, x: Tensor) -> Tensor:
        """[B, T, H] -> contiguous [A, B, T, d], as products read it"""
        y = self.narrowed(x).view([x.size(0), x.size(1), self.num_heads, -1])
        return y.permute([2, 0, 1, 3]).contiguous()

    def relative_heads(
        self,
        x: Tensor,
        first: int,
        w: Dict[str, Tensor],
        masks: Dict[str, Tensor],
        linear: str,
        shared: str,
    ) -> Tensor:
        """Rows x [R, H] of the table of relative positions, from first on, transposed: [A, d, R]

        By a linear of their own, or by that which tokens share with them.
        """
        name = linear if linear + ".weight" in w else shared
        own: Dict[str, Tensor] = {}
        if name + ".relative" in masks:
            own[name] = masks[name + ".relative"].narrow(0, first, x.size(0))
        rows = self.linear(x, w, own, name)
        return rows.view([x.size(0), self.num_heads, -1]).permute([1, 2, 0])

    def relative_scores(self, x: Tensor, relative: Tensor, rows: Tensor) -> Tensor:
        """Scores of x [A, B, T, d] with relative [A, d, R], each at its row of rows [T, T]: [A, B, T, T]"""
        x, relative = self.narrowed(x), self.narrowed(relative)
        s = torch.matmul(x.flatten(1, 2), relative).to(torch.float32)
        s = s.view([x.size(0), x.size(1), x.size(2), -1])
        return s.gather(-1, rows.expand([x.size(0), x.size(1), -1, -1]))

    def attended(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """x [B, T, H] -> [B, T, H]"""
        narrow = self.narrowed(x)
        terms = 1 + int(self.content_to_position) + int(self.position_to_content)
        scale = float(x.size(-1) // self.num_heads * terms) ** -0.5
        q = self.heads_first(self.linear(narrow, w, masks, "query") * scale)
        k = self.heads_first(self.linear(narrow, w, masks, "key"))
        s = torch.matmul(q, k.transpose(-2, -1)).to(torch.float32)
        if terms > 1:
            relative = w["relative.weight"]
            if "relative_norm.weight" in w:
                relative = self.layer_norm(relative, w, "relative_norm")
            relative = self.dropped(relative, masks, "relative", self.hidden_scale)
            rows = self.buckets(x.size(1))
            # Of the table no more than the rows that places of this text are apart.
            first = int(rows[0, -1])
            relative = relative[first : int(rows[-1, 0]) + 1]
            rows = (rows - first).to(x.device)
            if self.content_to_position:
                keys = self.relative_heads(relative, first, w, masks, "relative_key", "key")
                s = s.add_(self.relative_scores(q, keys, rows))
            if self.position_to_content:
                queries = self.relative_heads(
                    relative, first, w, masks, "relative_query", "query"
                )
                by_key = self.relative_scores(k, queries * scale, rows.t())
                s = s.add_(by_key.transpose(-2, -1))
        if "bias" in batch:
            real = batch["bias"].eq(0).transpose(0, 1)
            hidden = real.logical_and(real.transpose(-2, -1)).logical_not()
            s = s.masked_fill_(hidden, -3.4028234663852886e38)
        p = s.softmax(-1)
        v = self.linear(narrow, w, masks, "value")
        if "probs" in masks:
            p = p * masks["probs"].transpose(0, 1)
            v = v * self.probs_scale
        y = torch.matmul(self.narrowed(p), self.heads_first(v))
        return y.permute([1, 2, 0, 3]).reshape(x.size())
