"""The layer of Llama, Mistral and Qwen, with its backward written out.

The backward keeps the layer's input, the rotated queries and keys, the values, the attention's
output and log-sum-exp, the hidden state between the halves and the two factors of the feed-forward
part; norms and products of norms are computed again, which costs passes over small tensors.

N tokens of all documents side by side, H hidden, I intermediate; other shapes as in
document_attention.py. batch: cos and sin of the tokens' angles, windows.
"""

from typing import Dict, List

import torch
from core.model.activation import Activation
from core.model.cached_attention import CachedAttention
from core.model.document_attention import DocumentAttention
from core.model.linear import Linear
from core.model.norm import RmsNorm
from core.model.rope import Rope
from core.tensor.autograd import Autograd
from core.tensor.rows import Rows
from core.tensor.tensors import Tensors
from torch import Tensor


class Llama(
    CachedAttention, DocumentAttention, Linear, RmsNorm, Rope, Activation, Autograd, Rows, Tensors
):
    hidden_act: str

    def queries_keys_values(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Dict[str, Tensor]:
        """x [N, H] -> q [N, A d] and k [N, G d], rotated, v [N, G d], input_rms [N, 1]

        Where queries and keys have norms, also what these norm: normed_q, normed_k.
        """
        rms = self.inverse_rms(x)
        x1 = self.rms_norm(x, rms, w["input_layernorm.weight"])
        q = self.dense(x1, w, masks, "q_proj")
        k = self.dense(x1, w, masks, "k_proj")
        kept = {"v": self.dense(x1, w, masks, "v_proj"), "input_rms": rms}
        if "q_norm.weight" in w:
            kept["normed_q"] = q
            kept["normed_k"] = k
        q = self.head_norm(q, w, "q_norm", self.num_heads)
        k = self.head_norm(k, w, "k_norm", self.num_key_value_heads)
        kept["q"] = self.rotated(q, self.num_heads, batch, 1)
        kept["k"] = self.rotated(k, self.num_key_value_heads, batch, 1)
        return kept

    def after_attention(
        self, x: Tensor, attended: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Dict[str, Tensor]:
        """x [N, H], attended [N, A d] -> y [N, H] and, between the halves, h [N, H], h_rms [N, 1]

        Also the two factors of the feed-forward part: gate and up [N, I].
        """
        h = self.dense(attended, w, masks, "o_proj").add_(x)
        rms = self.inverse_rms(h)
        h1 = self.rms_norm(h, rms, w["post_attention_layernorm.weight"])
        gate = self.dense(h1, w, masks, "gate_proj")
        up = self.dense(h1, w, masks, "up_proj")
        m = self.activation(gate, self.hidden_act).mul_(up)
        y = self.dense(m, w, masks, "down_proj").add_(h)
        return {"y": y, "h": h, "h_rms": rms, "gate": gate, "up": up}

    def layer_forward(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Dict[str, Tensor]:
        """x [N, H] -> y [N, H] and what layer_backward needs."""
        kept = self.queries_keys_values(x, w, batch, masks)
        kept.update(
            self.attend(kept["q"], kept["k"], kept["v"], documents, batch, self.fused_attention)
        )
        kept.update(self.after_attention(x, kept["attended"], w, masks))
        return kept

    def layer(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> [N, H], for the forward pass alone."""
        return self.layer_forward(x, w, batch, documents, masks)["y"]

    def prompt_layer(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
        cache: Dict[str, Tensor],
        end: int,
    ) -> Tensor:
        """The layer of whole prompts; their keys and values are cached so that they end at end."""
        qkv = self.queries_keys_values(x, w, batch, masks)
        self.cache_documents(cache["keys"], qkv["k"], documents, end)
        self.cache_documents(cache["values"], qkv["v"], documents, end)
        attended = self.attend(qkv["q"], qkv["k"], qkv["v"], documents, batch, self.fused_attention)
        return self.after_attention(x, attended["attended"], w, masks)["y"]

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
        """The layer of one more token of each cached sequence: x [B, H] -> [B, H]"""
        qkv = self.queries_keys_values(x, w, batch, masks)
        attended = self.attend_cached(qkv["q"], qkv["k"], qkv["v"], cache, begin, end)
        return self.after_attention(x, attended, w, masks)["y"]

    def layer_backward(
        self,
        gy: Tensor,
        kept: Dict[str, Tensor],
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        add: bool,
        wanted: bool,
    ) -> List[Tensor]:
        """-> [gradient of x], where it is wanted; kept: what layer_forward returned, and x."""
        gh = self.feed_forward_backward(gy, kept, w, masks, gradients, add)
        go = self.linear_backward(
            gh, kept["attended"], w, masks, gradients, "o_proj", add, None, True
        )
        gq, gk, gv = self.attend_backward(go, kept, documents, batch)
        gq = self.rotated(gq, self.num_heads, batch, -1)
        gk = self.rotated(gk, self.num_key_value_heads, batch, -1)
        if "normed_q" in kept:
            gq = self.head_norm_backward(
                gq, kept["normed_q"], w, gradients, "q_norm", self.num_heads, add
            )
            gk = self.head_norm_backward(
                gk, kept["normed_k"], w, gradients, "k_norm", self.num_key_value_heads, add
            )
        x, rms = kept["x"], kept["input_rms"]
        x1 = gy[:0]
        if (
            self.reads(gradients, "q_proj")
            or self.reads(gradients, "k_proj")
            or self.reads(gradients, "v_proj")
        ):
            x1 = self.rms_norm(x, rms, w["input_layernorm.weight"])
        below = wanted or "input_layernorm.weight" in gradients
        gx = self.linear_backward(gq, x1, w, masks, gradients, "q_proj", add, None, below)
        gx = self.linear_backward(gk, x1, w, masks, gradients, "k_proj", add, gx, below)
        gx = self.linear_backward(gv, x1, w, masks, gradients, "v_proj", add, gx, below)
        if below:
            gx = self.rms_norm_backward(gx, x, rms, w, gradients, "input_layernorm", add)
            gx.add_(gh)
        return [gx] if wanted else []

    def feed_forward_backward(
        self,
        gy: Tensor,
        kept: Dict[str, Tensor],
        w: Dict[str, Tensor],
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        add: bool,
    ) -> Tensor:
        """Gradient of h [N, H], the hidden state between the halves."""
        h, rms, gate, up = kept["h"], kept["h_rms"], kept["gate"], kept["up"]
        m = gy[:0]
        if self.reads(gradients, "down_proj"):
            m = self.activation(gate, self.hidden_act).mul_(up)
        gm = self.linear_backward(gy, m, w, masks, gradients, "down_proj", add, None, True)
        g_gate = self.activation_backward(gm * up, gate, self.hidden_act)
        g_up = self.activation(gate, self.hidden_act).mul_(gm)
        h1 = gy[:0]
        if self.reads(gradients, "gate_proj") or self.reads(gradients, "up_proj"):
            h1 = self.rms_norm(h, rms, w["post_attention_layernorm.weight"])
        gh = self.linear_backward(g_gate, h1, w, masks, gradients, "gate_proj", add, None, True)
        gh = self.linear_backward(g_up, h1, w, masks, gradients, "up_proj", add, gh, True)
        norm = "post_attention_layernorm"
        return self.rms_norm_backward(gh, h, rms, w, gradients, norm, add).add_(gy)

    def head(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """Last norm of the tokens at batch["places"] [M]: x [N, H] -> [M, H]"""
        h = x.index_select(0, batch["places"])
        return h * self.inverse_rms(h) * w["norm.weight"]
