"""BERT and related families: RoBERTa, DistilBERT, ELECTRA.

This module has embeddings and heads; encoder_layer.py has the layers. N tokens of all texts
concatenated, H hidden.
"""

from typing import Dict, List

import torch
from core.model.encoder_layer import EncoderLayer
from core.model.pooling import Pooling
from core.tensor.autograd import Autograd
from core.tensor.rows import Rows
from core.tensor.tensors import Tensors
from torch import Tensor


class Bert(EncoderLayer, Pooling, Autograd, Rows, Tensors):
    embeddings_scale: float
    position_padding: int
    head_act: str
    head_input_scale: float
    head_scale: float

    def embeddings(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """Looked-up word rows x [N, E] -> the first hidden state [N, H]

        batch: positions and types [N]; DistilBERT has no type.weight. The linear projection widens
        embeddings that are narrower than H. The padding's row of positions, if any, gets no
        gradient.
        """
        x = self.layer_norm(self.embedding_sum(x, w, batch), w, "norm")
        x = self.dropped(x, masks, "embeddings", self.embeddings_scale)
        return self.linear(x, w, masks, "projection") if "projection.weight" in w else x

    def embedding_sum(self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor]) -> Tensor:
        """Word rows x [N, E] plus those of types and positions."""
        if "type.weight" in w:
            x = x + torch.embedding(w["type.weight"], batch["types"])
        return x + torch.embedding(w["position.weight"], batch["positions"], self.position_padding)

    def embeddings_forward(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Dict[str, Tensor]:
        """As embeddings, without a graph -> y [N, H] and the tensors for embeddings_backward."""
        kept: Dict[str, Tensor] = {"sum": self.embedding_sum(x, w, batch)}
        y, kept["mean"], kept["rstd"] = self.normed(kept["sum"], w, "norm")
        y = self.dropped(y, masks, "embeddings", self.embeddings_scale)
        if "projection.weight" in w:
            kept["narrow"] = y
            y = self.dense(y, w, masks, "projection")
        kept["y"] = y
        return kept

    def embeddings_backward(
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
        """-> [gradient of x] if needed; kept: the result of embeddings_forward."""
        g = gy
        if "narrow" in kept:
            g = self.linear_backward(g, kept["narrow"], w, masks, gradients, "projection", add, None, True)
        g = self.dropped_backward(g, masks, "embeddings", self.embeddings_scale)
        mean, rstd = kept["mean"], kept["rstd"]
        g = self.layer_norm_backward(g, kept["sum"], mean, rstd, w, gradients, "norm", add)
        self.put_lookup(gradients, "position.weight", batch["positions"], g, self.position_padding, add)
        if "type.weight" in w:
            self.put_lookup(gradients, "type.weight", batch["types"], g, -1, add)
        return [g] if needs_input_grad else []

    def sequence_head(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> logits [B, classes] from the first token of each text, batch["first"] [B]."""
        first = x.index_select(0, batch["first"])
        first = self.dropped(first, masks, "head_input", self.head_input_scale)
        h = self.activation(self.linear(first, w, masks, "dense"), self.head_act)
        return self.linear(self.dropped(h, masks, "head", self.head_scale), w, masks, "classifier")

    def sequence_head_forward(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Dict[str, Tensor]:
        """As sequence_head, without a graph -> y [B, classes] and the tensors for sequence_head_backward."""
        kept: Dict[str, Tensor] = {}
        first = x.index_select(0, batch["first"])
        kept["first"] = self.dropped(first, masks, "head_input", self.head_input_scale)
        kept["dense"] = self.dense(kept["first"], w, masks, "dense")
        h = self.activation(kept["dense"], self.head_act)
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
        g = self.activation_backward(g, kept["dense"], self.head_act)
        first = kept["first"]
        g = self.linear_backward(g, first, w, masks, gradients, "dense", add, None, needs_input_grad)
        if not needs_input_grad:
            return []
        g = self.dropped_backward(g, masks, "head_input", self.head_input_scale)
        return [torch.zeros_like(kept["x"]).index_copy_(0, batch["first"], g)]

    def token_head(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> logits [N, classes]"""
        return self.linear(self.dropped(x, masks, "head", self.head_scale), w, masks, "classifier")

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

    def masked_lm_head(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> [M, E] of the tokens at indices batch["indices"] [M], the loss's input.

        Masks of adapters cover all tokens.
        """
        indices = self.pad_rows(batch["indices"])
        rows = self.select_rows(x, indices)
        h = self.linear(rows, w, self.masks_at(masks, indices), "dense")
        h = self.layer_norm(self.activation(h, self.head_act), w, "norm")
        return h.narrow(0, 0, batch["indices"].size(0))
