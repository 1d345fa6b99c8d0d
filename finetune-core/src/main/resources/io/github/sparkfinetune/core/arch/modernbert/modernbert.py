"""ModernBERT: pre-norm layers with rotary positions and gated feed-forward parts.

N tokens of all texts concatenated, without padding; H hidden, other shapes as in
document_attention.py. A layer's batch has cos and sin of the tokens' angles. A layer that attends to
near tokens only has the constant window [], their largest distance, beside its weights. It reads
batch["band"], if present; see banded_attention.py.

A layer has an explicit backward, which keeps and writes the same tensors as encoder_layer.py,
except probabilities.
"""

from typing import Dict, List, Tuple

import torch
from core.arch.modernbert.modernbert_head import ModernBertHead
from core.model.activation import Activation
from core.model.banded_attention import BandedAttention
from core.model.dropout import Dropout
from core.model.dropped_attention import DroppedAttention
from core.model.linear import Linear
from core.model.measure import Measure
from core.model.norm import LayerNorm
from core.model.rope import Rope
from core.tensor.autograd import Autograd
from core.tensor.rows import Rows
from core.tensor.tensors import Tensors
from torch import Tensor


class ModernBert(
    ModernBertHead,
    BandedAttention,
    DroppedAttention,
    Linear,
    LayerNorm,
    Activation,
    Dropout,
    Measure,
    Rope,
    Autograd,
    Rows,
    Tensors,
):
    hidden_act: str
    embeddings_scale: float

    def embeddings(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """Looked-up word rows x [N, H] -> the first hidden state [N, H]"""
        x = self.layer_norm(x, w, "norm")
        return self.dropped(x, masks, "embeddings", self.embeddings_scale)

    def embeddings_forward(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Dict[str, Tensor]:
        """As embeddings, without a graph -> y [N, H] and the tensors for embeddings_backward."""
        y, mean, rstd = self.normed(x, w, "norm")
        y = self.dropped(y, masks, "embeddings", self.embeddings_scale)
        return {"y": y, "mean": mean, "rstd": rstd}

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
        """-> [gradient of x] if needed; kept: the result of embeddings_forward, and x."""
        g = self.dropped_backward(gy, masks, "embeddings", self.embeddings_scale)
        mean, rstd = kept["mean"], kept["rstd"]
        g = self.layer_norm_backward(g, kept["x"], mean, rstd, w, gradients, "norm", add)
        return [g] if needs_input_grad else []

    def seen(self, w: Dict[str, Tensor], batch: Dict[str, Tensor]) -> Dict[str, Tensor]:
        """The entries of batch that hide tokens from a layer; without a window, only padding does."""
        if "window" in w:
            return batch
        others: Dict[str, Tensor] = {}
        for name in ["bias", "starts"]:
            if name in batch:
                others[name] = batch[name]
        return others

    def queries_keys_values(self, qkv: Tensor, batch: Dict[str, Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
        """qkv [N, 3 H] -> q, k, v, each [N, H]"""
        q, k, v = qkv.chunk(3, -1)
        q = self.rotated(q.contiguous(), self.num_heads, batch, 1)
        k = self.rotated(k.contiguous(), self.num_heads, batch, 1)
        return self.cast(q), self.cast(k), self.cast(v).contiguous()

    def attended(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        seen: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
        recorded: bool,
    ) -> Dict[str, Tensor]:
        """attended [N, H], and the tensors for its backward besides q, k and v [N, H]."""
        if not self.is_fusible(seen, masks):
            q, k, v = q.to(torch.float32), k.to(torch.float32), v.to(torch.float32)
            y = self.dropped_attention(q, k, v, documents, seen, masks)
            return {"attended": self.cast(y)}
        if "band" in seen and not self.is_flash(q, seen):
            return self.attend_near(q, k, v, seen["band"], recorded)
        return self.attend(q, k, v, documents, seen, recorded)

    def attended_backward(
        self,
        go: Tensor,
        kept: Dict[str, Tensor],
        seen: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """Gradients of q, k and v; go [N, H]: gradient of attended."""
        if not self.is_fusible(seen, masks):
            return self.dropped_attention_backward(go, kept, documents, seen, masks)
        if "band" in seen and not self.is_flash(kept["q"], seen):
            return self.attend_near_backward(go, kept, seen["band"])
        return self.attend_backward(go, kept, documents, seen)

    def layer(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> [N, H], for a forward without backward or as PyTorch records it.

        A final norm follows the last layer.
        """
        h = self.layer_norm(x, w, "attn_norm") if "attn_norm.weight" in w else x
        qkv = self.linear(h, w, masks, "attn.Wqkv")
        q, k, v = self.queries_keys_values(qkv, batch)
        seen = self.seen(w, batch)
        attended = self.attended(q, k, v, seen, documents, masks, True)["attended"]
        a = self.linear(attended, w, masks, "attn.Wo")
        x = x + self.dropped(a, masks, "attention_residual", self.probs_scale)
        h = self.layer_norm(x, w, "mlp_norm")
        value, gate = self.linear(h, w, masks, "mlp.Wi").chunk(2, -1)
        y = x + self.linear(self.activation(value, self.hidden_act) * gate, w, masks, "mlp.Wo")
        return self.layer_norm(y, w, "final_norm") if "final_norm.weight" in w else y

    def layer_forward(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Dict[str, Tensor]:
        """x [N, H] -> y [N, H] and the tensors for layer_backward, without a graph."""
        kept: Dict[str, Tensor] = {}
        h = x
        if "attn_norm.weight" in w:
            h, kept["attention_mean"], kept["attention_rstd"] = self.normed(x, w, "attn_norm")
        qkv = self.dense(h, w, masks, "attn.Wqkv")
        kept["q"], kept["k"], kept["v"] = self.queries_keys_values(qkv, batch)
        seen = self.seen(w, batch)
        q, k, v = kept["q"], kept["k"], kept["v"]
        kept.update(self.attended(q, k, v, seen, documents, masks, False))
        a = self.dense(kept["attended"], w, masks, "attn.Wo")
        s = self.add_dropped(x, a, masks, "attention_residual", self.probs_scale)
        kept["sum"] = s
        h, kept["mlp_mean"], kept["mlp_rstd"] = self.normed(s, w, "mlp_norm")
        kept["wide"] = self.dense(h, w, masks, "mlp.Wi")
        value, gate = kept["wide"].chunk(2, -1)
        m = self.activation(value, self.hidden_act).mul_(gate)
        y = self.dense(m, w, masks, "mlp.Wo").add_(s)
        if "final_norm.weight" in w:
            kept["last"] = y
            y, kept["final_mean"], kept["final_rstd"] = self.normed(y, w, "final_norm")
        kept["y"] = y
        return kept

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
        x, s = kept["x"], kept["sum"]
        if "last" in kept:
            mean, rstd = kept["final_mean"], kept["final_rstd"]
            gy = self.layer_norm_backward(gy, kept["last"], mean, rstd, w, gradients, "final_norm", add)
        gh = self.feed_forward_backward(gy, s, kept, w, masks, gradients, add)
        mean, rstd = kept["mlp_mean"], kept["mlp_rstd"]
        gs = self.layer_norm_backward(gh, s, mean, rstd, w, gradients, "mlp_norm", add)
        gs.add_(gy)
        ga = self.dropped_backward(gs, masks, "attention_residual", self.probs_scale)
        attended = kept["attended"]
        go = self.linear_backward(ga, attended, w, masks, gradients, "attn.Wo", add, None, True)
        seen = self.seen(w, batch)
        gq, gk, gv = self.attended_backward(go, kept, seen, documents, masks)
        g = torch.empty([x.size(0), 3 * x.size(1)], dtype=x.dtype, device=x.device)
        g_q, g_k, g_v = g.chunk(3, -1)
        self.rotate_into(g_q, gq, self.num_heads, batch, -1)
        self.rotate_into(g_k, gk.contiguous(), self.num_heads, batch, -1)
        g_v.copy_(gv)
        h = x
        normed = "attention_mean" in kept
        if normed and self.reads(gradients, "attn.Wqkv"):
            h = self.layer_norm(h, w, "attn_norm")
        below = needs_input_grad or "attn_norm.weight" in gradients
        gx = self.linear_backward(g, h, w, masks, gradients, "attn.Wqkv", add, None, below)
        if normed and below:
            mean, rstd = kept["attention_mean"], kept["attention_rstd"]
            gx = self.layer_norm_backward(gx, x, mean, rstd, w, gradients, "attn_norm", add)
        # A measured product may keep gs.
        measures = "sample_squares" in gradients
        return [gs + gx if measures else gs.add_(gx)] if needs_input_grad else []

    def feed_forward_backward(
        self,
        gy: Tensor,
        s: Tensor,
        kept: Dict[str, Tensor],
        w: Dict[str, Tensor],
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        add: bool,
    ) -> Tensor:
        """Gradient of mlp_norm's output [N, H]; s [N, H]: mlp_norm's input."""
        value, gate = kept["wide"].chunk(2, -1)
        act = self.activation(value, self.hidden_act)
        m = gy[:0]
        if self.reads(gradients, "mlp.Wo"):
            m = act * gate
        gm = self.linear_backward(gy, m, w, masks, gradients, "mlp.Wo", add, None, True)
        g = torch.empty_like(kept["wide"])
        g_value, g_gate = g.chunk(2, -1)
        self.activation_backward(torch.mul(gm, gate, out=g_value), value, self.hidden_act)
        torch.mul(act, gm, out=g_gate)
        h = gy[:0]
        if self.reads(gradients, "mlp.Wi"):
            h = self.layer_norm(s, w, "mlp_norm")
        return self.linear_backward(g, h, w, masks, gradients, "mlp.Wi", add, None, True)
