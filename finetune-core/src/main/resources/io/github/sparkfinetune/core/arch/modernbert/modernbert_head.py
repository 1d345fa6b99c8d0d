"""Heads of ModernBERT. N tokens of all texts concatenated, B texts, H hidden."""

from typing import Dict, List

import torch
from core.model.activation import Activation
from core.model.dropout import Dropout
from core.model.linear import Linear
from core.model.norm import LayerNorm
from core.model.pooling import Pooling
from torch import Tensor


class ModernBertHead(Linear, LayerNorm, Activation, Dropout, Pooling):
    head_act: str
    head_scale: float
    mean_pooling: bool

    def head(self, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor]) -> Tensor:
        """The first part of all heads: x [..., H] -> [..., H]"""
        return self.layer_norm(self.activation(self.linear(x, w, masks, "dense"), self.head_act), w, "norm")

    def sequence_head(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> logits [B, classes] from the first token or the mean of all.

        batch["first"] [B]: index of each text's first token.
        """
        return self.classes(self.pooled_rows(x, batch, documents), w, masks)

    def pooled_rows(self, x: Tensor, batch: Dict[str, Tensor], documents: List[int]) -> Tensor:
        """The input of sequence_head's linears: [B, H]"""
        pooled = x.index_select(0, batch["first"])
        if self.mean_pooling:
            texts = x.split(documents)[: pooled.size(0)]
            pooled = torch.stack([text.mean([0]) for text in texts])
        return pooled

    def sequence_head_forward(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Dict[str, Tensor]:
        """As sequence_head, without a graph -> y [B, classes] and the tensors for sequence_head_backward."""
        kept: Dict[str, Tensor] = {"pooled": self.pooled_rows(x, batch, documents)}
        kept["dense"] = self.dense(kept["pooled"], w, masks, "dense")
        kept["act"] = self.activation(kept["dense"], self.head_act)
        h, kept["mean"], kept["rstd"] = self.normed(kept["act"], w, "norm")
        kept["head"] = self.dropped(h, masks, "head", self.head_scale)
        kept["y"] = self.dense(kept["head"], w, masks, "classifier")
        return kept

    def sequence_head_backward(
        self,
        gy: Tensor,
        kept: Dict[str, Tensor],
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        add: bool,
        needs_input_grad: bool,
    ) -> List[Tensor]:
        """-> [gradient of x] if needed; kept: the result of sequence_head_forward, and x."""
        g = self.linear_backward(gy, kept["head"], w, masks, gradients, "classifier", add, None, True)
        g = self.dropped_backward(g, masks, "head", self.head_scale)
        mean, rstd = kept["mean"], kept["rstd"]
        g = self.layer_norm_backward(g, kept["act"], mean, rstd, w, gradients, "norm", add)
        g = self.activation_backward(g, kept["dense"], self.head_act)
        pooled = kept["pooled"]
        g = self.linear_backward(g, pooled, w, masks, gradients, "dense", add, None, needs_input_grad)
        if not needs_input_grad:
            return []
        gx = torch.zeros_like(kept["x"])
        if not self.mean_pooling:
            return [gx.index_copy_(0, batch["first"], g)]
        first = 0
        for i in range(g.size(0)):
            gx.narrow(0, first, documents[i]).add_(g[i] / documents[i])
            first += documents[i]
        return [gx]

    def embedding_head(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> embeddings [B, H]"""
        return self.pooled(x, batch)

    def token_head(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> logits [N, classes]"""
        return self.classes(x, w, masks)

    def classes(self, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor]) -> Tensor:
        """x [..., H] -> logits [..., classes]"""
        h = self.dropped(self.head(x, w, masks), masks, "head", self.head_scale)
        return self.linear(h, w, masks, "classifier")

    def masked_lm_head(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> [M, H] of the tokens at indices batch["indices"] [M], the loss's input."""
        indices = self.pad_rows(batch["indices"])
        h = self.head(self.select_rows(x, indices), w, self.masks_at(masks, indices))
        return h.narrow(0, 0, batch["indices"].size(0))
