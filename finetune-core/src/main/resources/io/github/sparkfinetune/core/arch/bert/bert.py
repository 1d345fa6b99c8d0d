"""BERT and its kin: RoBERTa, DistilBERT, ELECTRA. Embeddings and heads; encoder_layer.py's layers.

B texts of T tokens, H hidden.
"""

from typing import Dict

import torch
from core.model.encoder_layer import EncoderLayer
from core.tensor.autograd import Autograd
from core.tensor.rows import Rows
from core.tensor.tensors import Tensors
from torch import Tensor


class Bert(EncoderLayer, Autograd, Rows, Tensors):
    embeddings_scale: float
    position_padding: int
    head_act: str
    head_input_scale: float
    head_scale: float

    def embeddings(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """Looked-up word rows x [B, T, E] -> the first hidden state [B, T, H]

        batch: positions and types [B, T]; DistilBERT has no type.weight. Embeddings that are
        narrower than H are widened by the linear projection. The row of positions that padding has,
        if any, gets no gradient.
        """
        if "type.weight" in w:
            x = x + torch.embedding(w["type.weight"], batch["types"])
        x = x + torch.embedding(w["position.weight"], batch["positions"], self.position_padding)
        x = self.dropped(self.layer_norm(x, w, "norm"), masks, "embeddings", self.embeddings_scale)
        return self.linear(x, w, masks, "projection") if "projection.weight" in w else x

    def sequence_head(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """x [B, T, H] -> logits [B, classes] from the first token."""
        first = self.dropped(x.select(1, 0), masks, "head_input", self.head_input_scale)
        h = self.activation(self.linear(first, w, masks, "dense"), self.head_act)
        return self.linear(self.dropped(h, masks, "head", self.head_scale), w, masks, "classifier")

    def token_head(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """x [B, T, H] -> logits [B, T, classes] of every token."""
        return self.linear(self.dropped(x, masks, "head", self.head_scale), w, masks, "classifier")

    def masked_lm_head(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """x [B, T, H] -> [M, E] of the tokens at places [M], for the loss to map to logits.

        Masks of adapters are those of all tokens.
        """
        places = self.evened(batch["places"])
        rows = self.select_rows(x.flatten(0, 1), places)
        h = self.linear(rows, w, self.masks_at(masks, places), "dense")
        h = self.layer_norm(self.activation(h, self.head_act), w, "norm")
        return h.narrow(0, 0, batch["places"].size(0))
