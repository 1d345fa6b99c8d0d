"""Heads of decoders over the last norm.

A family's class has last_norm. N tokens of all documents concatenated, H hidden.
"""

from typing import Dict, List

from core.model.dropout import Dropout
from core.model.linear import Linear
from core.model.pooling import Pooling
from torch import Tensor


class DecoderHeads(Linear, Pooling, Dropout):
    head_scale: float
    logits_multiplier: float

    def head(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """Last norm of the tokens at indices batch["indices"] [M]: x [N, H] -> [M, H]"""
        y = self.last_norm(x.index_select(0, batch["indices"]), w)
        return y if self.logits_multiplier == 1.0 else y * self.logits_multiplier

    def sequence_head(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> logits [B, classes] from one token of each text, at indices batch["indices"] [B]"""
        h = self.last_norm(x.index_select(0, batch["indices"]), w)
        return self.linear(h, w, masks, "classifier")

    def embedding_head(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> embeddings [B, H], from normed tokens"""
        if "texts" in batch:
            return self.mean_of_texts(self.last_norm(x, w), batch)
        return self.last_norm(x.index_select(0, batch["indices"]), w)

    def token_head(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> logits [N, classes]"""
        h = self.dropped(self.last_norm(x, w), masks, "head", self.head_scale)
        return self.linear(h, w, masks, "classifier")
