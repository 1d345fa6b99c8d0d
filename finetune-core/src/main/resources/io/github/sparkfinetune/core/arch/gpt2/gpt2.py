"""GPT-2, recorded by PyTorch: pre-norm layers, trained positions, weights as [in, out].

N tokens of all documents concatenated, H hidden; other shapes as in document_attention.py.
"""

from typing import Dict, List, Tuple

import torch
from core.model.activation import Activation
from core.model.cached_attention import CachedAttention
from core.model.decoder_heads import DecoderHeads
from core.model.dropped_attention import DroppedAttention
from core.model.norm import LayerNorm
from core.tensor.autograd import Autograd
from core.tensor.rows import Rows
from core.tensor.tensors import Tensors
from torch import Tensor


class Gpt2(
    CachedAttention,
    DroppedAttention,
    DecoderHeads,
    LayerNorm,
    Activation,
    Autograd,
    Rows,
    Tensors,
):
    hidden_act: str
    embeddings_scale: float
    residual_scale: float

    def embeddings(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """Looked-up word rows x [N, H] -> the first hidden state [N, H]; batch: positions [N]"""
        x = x + torch.embedding(w["position.weight"], batch["positions"])
        return self.dropped(x, masks, "embeddings", self.embeddings_scale)

    def queries_keys_values(
        self, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """x [N, H] -> q, k, v, each [N, H]"""
        qkv = self.conv1d(self.layer_norm(x, w, "ln_1"), w, masks, "attn.c_attn")
        q, k, v = qkv.split(x.size(-1), 1)
        return q.contiguous(), k.contiguous(), v.contiguous()

    def after_attention(
        self, x: Tensor, attended: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """x, attended [N, H] -> the layer's output [N, H]"""
        a = self.conv1d(attended, w, masks, "attn.c_proj")
        h = x + self.dropped(a, masks, "attention_residual", self.residual_scale)
        u = self.conv1d(self.layer_norm(h, w, "ln_2"), w, masks, "mlp.c_fc")
        f = self.conv1d(self.activation(u, self.hidden_act), w, masks, "mlp.c_proj")
        return h + self.dropped(f, masks, "output_residual", self.residual_scale)

    def layer(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> [N, H]"""
        q, k, v = self.queries_keys_values(x, w, masks)
        if "probs" in masks:
            o = self.dropped_attention(q, k, v, documents, batch, masks)
        else:
            o = self.attend(q, k, v, documents, batch, True)["attended"]
        return self.after_attention(x, o, w, masks)

    def prompt_layer(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
        cache: Dict[str, Tensor],
        slots: List[int],
    ) -> Tensor:
        """The layer for whole prompts, whose keys and values are cached in slots."""
        q, k, v = self.queries_keys_values(x, w, masks)
        self.cache_documents(cache["keys"], k, documents, slots)
        self.cache_documents(cache["values"], v, documents, slots)
        o = self.attend(q, k, v, documents, batch, False)["attended"]
        return self.after_attention(x, o, w, masks)

    def token_layer(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
        cache: Dict[str, Tensor],
        begin: int,
        end: int,
    ) -> Tensor:
        """The layer for T more tokens of each cached text: x [B T, H] -> [B T, H]"""
        q, k, v = self.queries_keys_values(x, w, masks)
        return self.after_attention(x, self.attend_cached(q, k, v, cache, begin, end), w, masks)

    def last_norm(self, x: Tensor, w: Dict[str, Tensor]) -> Tensor:
        """x [M, H] -> [M, H]"""
        return self.layer_norm(x, w, "ln_f")
