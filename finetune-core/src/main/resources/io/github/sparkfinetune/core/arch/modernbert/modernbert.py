"""ModernBERT: pre-norm layers with rotary positions and gated feed-forward parts.

The backward of a layer is written out: it keeps and writes what encoder_layer.py does.

Shapes as in attention.py. A layer's weights hold two facts of it besides: theta [], the base of its
angles, and window [], where it attends to the tokens alone that are at most so far away.
"""

from typing import Dict, List, Optional

import torch
from core.model.activation import Activation
from core.model.attention import Attention
from core.model.dropout import Dropout
from core.model.linear import Linear
from core.model.norm import LayerNorm
from core.model.rope import Rope
from core.tensor.autograd import Autograd
from core.tensor.rows import Rows
from core.tensor.tensors import Tensors
from torch import Tensor


class ModernBert(
    Linear, LayerNorm, Attention, Activation, Dropout, Rope, Autograd, Rows, Tensors
):
    hidden_act: str
    embeddings_scale: float
    head_act: str
    head_scale: float
    mean_pooling: bool

    def embeddings(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """Looked-up word rows x [B, T, H] -> the first hidden state [B, T, H]"""
        x = self.layer_norm(x, w, "norm")
        return self.dropped(x, masks, "embeddings", self.embeddings_scale)

    def visible(
        self, w: Dict[str, Tensor], batch: Dict[str, Tensor], x: Tensor
    ) -> Optional[Tensor]:
        """0 where a query sees a key, else the lowest number: [B, 1, 1, T] or [B, 1, T, T]

        Finite, because padding may see nothing; then it sees all alike.
        """
        lowest = -3.4028234663852886e38
        bias = batch.get("bias")
        if bias is not None:
            bias = bias.clamp(min=lowest)
        if "window" not in w:
            return bias
        n = x.size(1)
        places = torch.arange(n, dtype=torch.int64, device=torch.device("cpu"))
        distance = (places.unsqueeze(0) - places.unsqueeze(1)).abs()
        far = distance.gt(int(w["window"])).to(x.device)
        if bias is None:
            bias = torch.zeros([1, 1, 1, 1], dtype=torch.float32, device=x.device)
        return bias.expand([x.size(0), 1, n, n]).masked_fill(far, lowest)

    def angles(self, w: Dict[str, Tensor], x: Tensor) -> Dict[str, Tensor]:
        """cos and sin of the tokens' angles [T, 1, d / 2], for x [B, T, H]"""
        places = torch.arange(x.size(1), dtype=torch.int64, device=torch.device("cpu"))
        width = x.size(2) // self.num_heads
        frequencies = self.periods(width, float(w["theta"]), x).reciprocal()
        return self.rotations(places.to(x.device), frequencies, 1.0)

    def turned(self, x: Tensor, angles: Dict[str, Tensor], sign: int) -> Tensor:
        """Turns each head of x [B, A, T, d] by its token's angles, forth (sign 1) or back (-1)."""
        cos, sin = angles["cos"].squeeze(1), angles["sin"].squeeze(1) * sign
        half = x.size(-1) // 2
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def layer(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """x [B, T, H] -> [B, T, H], for the forward pass alone or as PyTorch records it.

        The last layer is followed by a norm of all.
        """
        h = self.layer_norm(x, w, "attn_norm") if "attn_norm.weight" in w else x
        q, k, v = self.linear(h, w, masks, "attn.Wqkv").chunk(3, -1)
        angles = self.angles(w, x)
        q = self.turned(self.heads(q), angles, 1)
        k = self.turned(self.heads(k), angles, 1)
        attended = self.attention(q, k, self.heads(v), self.visible(w, batch, x), masks)
        a = self.linear(attended, w, masks, "attn.Wo")
        x = x + self.dropped(a, masks, "attention_residual", self.probs_scale)
        h = self.layer_norm(x, w, "mlp_norm")
        value, gate = self.linear(h, w, masks, "mlp.Wi").chunk(2, -1)
        y = x + self.linear(self.activation(value, self.hidden_act) * gate, w, masks, "mlp.Wo")
        return self.layer_norm(y, w, "final_norm") if "final_norm.weight" in w else y

    def layer_forward(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Dict[str, Tensor]:
        """x [B, T, H] -> y [B, T, H] and what layer_backward needs, without a graph."""
        kept: Dict[str, Tensor] = {}
        h = x
        if "attn_norm.weight" in w:
            h, kept["attention_mean"], kept["attention_rstd"] = self.normed(x, w, "attn_norm")
        q, k, v = self.dense(h, w, masks, "attn.Wqkv").chunk(3, -1)
        angles = self.angles(w, x)
        kept["q"] = self.turned(self.heads(q), angles, 1)
        kept["k"] = self.turned(self.heads(k), angles, 1)
        kept["v"] = self.heads(v).contiguous()
        bias = self.visible(w, batch, x)
        kept["probs"], o = self.attend(kept["q"], kept["k"], kept["v"], bias, None, masks)
        kept["attended"] = self.merged(o).view(x.size())
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
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        add: bool,
        wanted: bool,
    ) -> List[Tensor]:
        """-> [gradient of x], where it is wanted; kept: what layer_forward returned, and x."""
        x, s = kept["x"], kept["sum"]
        rows = [-1, x.size(-1)]
        if "last" in kept:
            mean, rstd = kept["final_mean"], kept["final_rstd"]
            gy = self.layer_norm_backward(
                gy, kept["last"], mean, rstd, w, gradients, "final_norm", add
            )
        gh = self.feed_forward_backward(gy.view(rows), s, kept, w, masks, gradients, add)
        mean, rstd = kept["mlp_mean"], kept["mlp_rstd"]
        gs = self.layer_norm_backward(gh.view(x.size()), s, mean, rstd, w, gradients, "mlp_norm", add)
        gs.add_(gy)
        ga = self.dropped_backward(gs, masks, "attention_residual", self.probs_scale).view(rows)
        attended = kept["attended"].view(rows)
        go = self.linear_backward(ga, attended, w, masks, gradients, "attn.Wo", add, None, True)
        go = self.heads(go.view(x.size())).contiguous()
        gq, gk, gv = self.attend_backward(
            go, kept["q"], kept["k"], kept["v"], kept["probs"], masks, None
        )
        angles = self.angles(w, x)
        gq = self.merged(self.turned(gq, angles, -1))
        gk = self.merged(self.turned(gk, angles, -1))
        g = torch.cat([gq, gk, self.merged(gv)], -1)
        h = x.view(rows)
        normed = "attention_mean" in kept
        if normed and self.reads(gradients, "attn.Wqkv"):
            h = self.layer_norm(h, w, "attn_norm")
        below = wanted or "attn_norm.weight" in gradients
        gx = self.linear_backward(g, h, w, masks, gradients, "attn.Wqkv", add, None, below)
        if normed and below:
            mean, rstd = kept["attention_mean"], kept["attention_rstd"]
            gx = self.layer_norm_backward(
                gx.view(x.size()), x, mean, rstd, w, gradients, "attn_norm", add
            )
        return [gs.add_(gx.view(x.size()))] if wanted else []

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
        """Gradient of what mlp_norm gives [B T, H]; s [B, T, H]: what it norms."""
        wide = kept["wide"].view([gy.size(0), -1])
        value, gate = wide.chunk(2, -1)
        act = self.activation(value, self.hidden_act)
        m = gy[:0]
        if self.reads(gradients, "mlp.Wo"):
            m = act * gate
        gm = self.linear_backward(gy, m, w, masks, gradients, "mlp.Wo", add, None, True)
        g_gate = act.mul_(gm)
        g_value = self.activation_backward(gm.mul_(gate), value.contiguous(), self.hidden_act)
        g = torch.cat([g_value, g_gate], -1)
        h = gy[:0]
        if self.reads(gradients, "mlp.Wi"):
            h = self.layer_norm(s.view(gy.size()), w, "mlp_norm")
        return self.linear_backward(g, h, w, masks, gradients, "mlp.Wi", add, None, True)

    def head(self, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor]) -> Tensor:
        """What all heads begin with: x [..., H] -> [..., H]"""
        return self.layer_norm(
            self.activation(self.linear(x, w, masks, "dense"), self.head_act), w, "norm"
        )

    def sequence_head(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """x [B, T, H] -> logits [B, classes] from the first token or the mean of all."""
        if not self.mean_pooling:
            pooled = x.select(1, 0)
        elif "bias" in batch:
            real = batch["bias"].eq(0).to(torch.float32).view([x.size(0), x.size(1), 1])
            pooled = (x * real).sum([1]) / real.sum([1])
        else:
            pooled = x.mean([1])
        return self.token_head(pooled, w, batch, masks)

    def token_head(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """x [..., H] -> logits [..., classes]"""
        h = self.dropped(self.head(x, w, masks), masks, "head", self.head_scale)
        return self.linear(h, w, masks, "classifier")

    def masked_lm_head(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """x [B, T, H] -> [M, H] of the tokens at places [M], for the loss to map to logits."""
        rows = self.select_rows(x.flatten(0, 1), batch["places"])
        return self.head(rows, w, self.masks_at(masks, batch["places"]))
