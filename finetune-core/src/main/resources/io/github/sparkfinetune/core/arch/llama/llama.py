"""Layers of Llama and related families, with an explicit backward.

Each half of a layer adds its output to the hidden state. A layer has the norms whose weights it
has: input_layernorm and pre_feedforward_layernorm before a half, post_attention_layernorm and
post_feedforward_layernorm after it, q_norm and k_norm on queries and keys. Linears that share
their input may be fused by rows: qkv_proj, gate_up_proj.

The backward needs the layer's input, the rotated queries and keys, the values, the attention's
output and log-sum-exp, the hidden state between the halves, the two factors of the feed-forward
part and the inputs of the norms after the halves. Norms and products with norms are recomputed,
which costs passes over small tensors.

N tokens of all documents concatenated, H hidden, I intermediate; other shapes as in
document_attention.py. The layer's batch: cos and sin of the tokens' angles, windows.
"""

from typing import Dict, List

import torch
from core.model.activation import Activation
from core.model.cached_attention import CachedAttention
from core.model.decoder_heads import DecoderHeads
from core.model.document_attention import DocumentAttention
from core.model.residual import Residual
from core.model.rope import Rope
from core.tensor.autograd import Autograd
from core.tensor.rows import Rows
from core.tensor.tensors import Tensors
from torch import Tensor


class Llama(
    CachedAttention, DocumentAttention, DecoderHeads, Residual, Rope, Activation, Autograd, Rows, Tensors
):
    hidden_act: str
    embedding_multiplier: float

    def embeddings(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """Looked-up word rows x [N, H] -> the first hidden state [N, H], if they differ."""
        return x * self.embedding_multiplier

    def cast_rotated(self, x: Tensor, heads: int, batch: Dict[str, Tensor], sign: int) -> Tensor:
        """rotated in the compute dtype."""
        if x.is_cpu or "cos" not in batch:
            # A CPU converts each operand of two types by itself.
            return self.cast(self.rotated(x.to(torch.float32), heads, batch, sign))
        return self.rotate_into(self.empty_cast(x), x, heads, batch, sign)

    def queries_keys_values(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Dict[str, Tensor]:
        """x [N, H] -> q [N, A d] and k [N, G d], rotated, v [N, G d]

        Also returns the tensors for the backward of the norms. If queries and keys have norms, these
        are the norms' inputs: normed_q, normed_k.
        """
        kept = self.norm_kept(x, w, "input_layernorm", False)
        x1 = self.normed(x, w, kept, "input_layernorm")
        if self.has_linear(w, "qkv_proj"):
            qkv = self.cast_dense(x1, w, masks, "qkv_proj")
            width = qkv.size(1) // (self.num_heads + 2 * self.num_key_value_heads)
            keys = self.num_key_value_heads * width
            q, k, v = qkv.split([self.num_heads * width, keys, keys], 1)
            q = self.joined_part(q, x1, w, masks, "q_proj")
            k = self.joined_part(k, x1, w, masks, "k_proj")
            kept["v"] = self.joined_part(v, x1, w, masks, "v_proj").contiguous()
        else:
            q = self.cast_dense(x1, w, masks, "q_proj")
            k = self.cast_dense(x1, w, masks, "k_proj")
            kept["v"] = self.cast_dense(x1, w, masks, "v_proj")
        if "q_norm.weight" in w:
            kept["normed_q"] = q
            kept["normed_k"] = k
        q = self.head_norm(q, w, "q_norm")
        k = self.head_norm(k, w, "k_norm")
        kept["q"] = self.cast_rotated(q, self.num_heads, batch, 1)
        kept["k"] = self.cast_rotated(k, self.num_key_value_heads, batch, 1)
        return kept

    def after_attention(
        self, x: Tensor, attended: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Dict[str, Tensor]:
        """x [N, H], attended [N, A d] -> y [N, H] and, between the halves, h [N, H]

        Also returns the two factors of the feed-forward part, gate and up [N, I], and the tensors for
        the backward of the norms.
        """
        o = self.norm_input(self.cast_dense(attended, w, masks, "o_proj"), w, "post_attention_layernorm")
        kept = self.norm_kept(o, w, "post_attention_layernorm", True)
        h = self.added(x, o, w, kept, "post_attention_layernorm")
        kept.update(self.norm_kept(h, w, "pre_feedforward_layernorm", False))
        h1 = self.normed(h, w, kept, "pre_feedforward_layernorm")
        if self.has_linear(w, "gate_up_proj"):
            gate, up = self.cast_dense(h1, w, masks, "gate_up_proj").chunk(2, 1)
            gate = self.joined_part(gate, h1, w, masks, "gate_proj")
            up = self.joined_part(up, h1, w, masks, "up_proj")
        else:
            gate = self.cast_dense(h1, w, masks, "gate_proj")
            up = self.cast_dense(h1, w, masks, "up_proj")
        m = self.activation(gate, self.hidden_act).mul_(up)
        f = self.norm_input(self.cast_dense(m, w, masks, "down_proj"), w, "post_feedforward_layernorm")
        kept.update(self.norm_kept(f, w, "post_feedforward_layernorm", True))
        kept["y"] = self.added(h, f, w, kept, "post_feedforward_layernorm")
        kept["h"] = h
        kept["gate"] = gate
        kept["up"] = up
        return kept

    def layer_forward(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Dict[str, Tensor]:
        """x [N, H] -> y [N, H] and the tensors for layer_backward."""
        kept = self.queries_keys_values(x, w, batch, masks)
        kept.update(self.attend(kept["q"], kept["k"], kept["v"], documents, batch, False))
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
        """x [N, H] -> [N, H], for a forward without backward."""
        return self.layer_forward(x, w, batch, documents, masks)["y"]

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
        qkv = self.queries_keys_values(x, w, batch, masks)
        self.cache_documents(cache["keys"], qkv["k"], documents, slots)
        self.cache_documents(cache["values"], qkv["v"], documents, slots)
        attended = self.attend(qkv["q"], qkv["k"], qkv["v"], documents, batch, False)
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
        """The layer for T more tokens of each cached text: x [B T, H] -> [B T, H]"""
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
        needs_input_grad: bool,
    ) -> List[Tensor]:
        """-> [gradient of x] if needed; kept: the result of layer_forward, and x."""
        gh = self.feed_forward_backward(gy, kept, w, masks, gradients, add)
        go = self.added_backward(gh, kept, w, gradients, "post_attention_layernorm", add)
        go = self.cast_backward(go, kept["attended"], w, masks, gradients, "o_proj", add, None, True)
        gq, gk, gv = self.attend_backward(go, kept, documents, batch)
        gq = self.cast_rotated(gq, self.num_heads, batch, -1)
        gk = self.cast_rotated(gk, self.num_key_value_heads, batch, -1)
        if "normed_q" in kept:
            gq = self.head_norm_backward(gq, kept["normed_q"], w, gradients, "q_norm", add)
            gk = self.head_norm_backward(gk, kept["normed_k"], w, gradients, "k_norm", add)
        x = kept["x"]
        x1 = gy[:0]
        if (
            self.reads(gradients, "q_proj")
            or self.reads(gradients, "k_proj")
            or self.reads(gradients, "v_proj")
            or self.reads(gradients, "qkv_proj")
        ):
            x1 = self.normed(x, w, kept, "input_layernorm")
        below = needs_input_grad or "input_layernorm.weight" in gradients
        if "qkv_proj.weight" in w:
            g = torch.cat([gq, gk, gv], 1)
            gx = self.cast_backward(g, x1, w, masks, gradients, "qkv_proj", add, None, below)
        else:
            gx = self.cast_backward(gq, x1, w, masks, gradients, "q_proj", add, None, below)
            gx = self.cast_backward(gk, x1, w, masks, gradients, "k_proj", add, gx, below)
            gx = self.cast_backward(gv, x1, w, masks, gradients, "v_proj", add, gx, below)
        if below:
            gx = self.normed_backward(gx, x, kept, w, gradients, "input_layernorm", add)
            gx = self.plus(gx, gh)
        return [gx] if needs_input_grad else []

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
        h, gate, up = kept["h"], kept["gate"], kept["up"]
        gf = self.added_backward(gy, kept, w, gradients, "post_feedforward_layernorm", add)
        m = gy[:0]
        if self.reads(gradients, "down_proj"):
            m = self.activation(gate, self.hidden_act).mul_(up)
        gm = self.cast_backward(gf, m, w, masks, gradients, "down_proj", add, None, True)
        h1 = gy[:0]
        if "gate_up_proj.weight" in w:
            g = torch.empty([gm.size(0), 2 * gm.size(1)], dtype=gm.dtype, device=gm.device)
            g_gate, g_up = g.chunk(2, 1)
            self.activation_backward(torch.mul(gm, up, out=g_gate), gate, self.hidden_act)
            torch.mul(self.activation(gate, self.hidden_act), gm, out=g_up)
            if self.reads(gradients, "gate_up_proj"):
                h1 = self.normed(h, w, kept, "pre_feedforward_layernorm")
            gh = self.cast_backward(g, h1, w, masks, gradients, "gate_up_proj", add, None, True)
        else:
            g_gate = self.activation_backward(gm * up, gate, self.hidden_act)
            g_up = self.activation(gate, self.hidden_act).mul_(gm)
            if self.reads(gradients, "gate_proj") or self.reads(gradients, "up_proj"):
                h1 = self.normed(h, w, kept, "pre_feedforward_layernorm")
            gh = self.cast_backward(g_gate, h1, w, masks, gradients, "gate_proj", add, None, True)
            gh = self.cast_backward(g_up, h1, w, masks, gradients, "up_proj", add, gh, True)
        gh = self.normed_backward(gh, h, kept, w, gradients, "pre_feedforward_layernorm", add)
        return self.plus(gh, gy)

    def last_norm(self, x: Tensor, w: Dict[str, Tensor]) -> Tensor:
        """x [M, H] -> [M, H]"""
        return x * self.inverse_rms(x) * self.norm_scales(w["norm.weight"])
