"""A post-norm transformer layer over padded texts, with its backward written out.

The backward keeps less than a recorded graph (no dropped probabilities, no activation, no hidden
state between the two halves, masks of 1 byte; with products in BF16 all that they read in BF16, and
probabilities), works in place, and writes weight gradients where they belong. Shapes as in
attention.py.
"""

from typing import Dict, List, Optional

import torch
from core.model.activation import Activation
from core.model.attention import Attention
from core.model.dropout import Dropout
from core.model.linear import Linear
from core.model.norm import LayerNorm
from torch import Tensor


class EncoderLayer(Linear, LayerNorm, Attention, Activation, Dropout):
    hidden_act: str
    hidden_scale: float
    fused_attention: bool

    def layer(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """x [B, T, H] -> [B, T, H], for the forward pass alone or as PyTorch records it."""
        attended = self.attended(x, w, batch, masks)
        a = self.linear(attended, w, masks, "attention_output")
        h = self.layer_norm(self.residual(x, a, masks, "attention_residual"), w, "attention_norm")
        u = self.narrowed(self.linear(h, w, masks, "intermediate"))
        f = self.linear(self.activation(u, self.hidden_act), w, masks, "output")
        return self.layer_norm(self.residual(h, f, masks, "output_residual"), w, "output_norm")

    def attended(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Tensor:
        """What attention gives, before its linear, as PyTorch records it: x [B, T, H] -> [B, T, H]"""
        q = self.heads(self.linear(x, w, masks, "query"))
        k = self.heads(self.linear(x, w, masks, "key"))
        v = self.heads(self.linear(x, w, masks, "value"))
        bias = batch.get("bias")
        relative = self.relative_bias(w, x.size(1))
        if relative is not None:
            bias = relative if bias is None else relative + bias
        return self.attention(q, k, v, bias, masks)

    def residual(self, x: Tensor, y: Tensor, masks: Dict[str, Tensor], site: str) -> Tensor:
        """x + dropout(y), as PyTorch records it."""
        if site not in masks:
            return x + y
        return torch.add(x, y * masks[site], alpha=self.hidden_scale)

    def relative_bias(self, w: Dict[str, Tensor], tokens: int) -> Optional[Tensor]:
        """What layers add to their scores by the places of query and key [A, T, T]: nothing here."""
        return None

    def relative_bias_backward(self, g: Tensor, gradients: Dict[str, Tensor]) -> None:
        """Adds to the gradient of relative.weight, given that of relative_bias."""
        pass

    def projected(
        self, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str
    ) -> Tensor:
        """A linear of x [B, T, H] as contiguous [B, A, T, d], as attention reads it."""
        return self.heads(self.attention_input(self.dense(x, w, masks, name))).contiguous()

    def attention_input(self, x: Tensor) -> Tensor:
        """x as attention multiplies it: where the fused kernel is chosen, BF16 is slow in products."""
        return x if self.fused_attention else self.narrowed(x)

    def layer_forward(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> Dict[str, Tensor]:
        """x [B, T, H] -> y [B, T, H] and what layer_backward needs, without a graph."""
        narrow = self.narrowed(x)
        q = self.projected(narrow, w, masks, "query")
        k = self.projected(narrow, w, masks, "key")
        v = self.projected(narrow, w, masks, "value")
        relative = self.relative_bias(w, x.size(1))
        probs, o = self.attend(q, k, v, batch.get("bias"), relative, masks)
        attended = self.merged(o).view(x.size())
        a = self.dense(attended, w, masks, "attention_output")
        sum1 = self.add_dropped(x, a, masks, "attention_residual", self.hidden_scale)
        h, mean1, rstd1 = self.normed(sum1, w, "attention_norm")
        u = self.narrowed(self.dense(h, w, masks, "intermediate"))
        f = self.dense(self.activation(u, self.hidden_act), w, masks, "output")
        sum2 = self.add_dropped(h, f, masks, "output_residual", self.hidden_scale)
        y, mean2, rstd2 = self.normed(sum2, w, "output_norm")
        return {
            "y": y,
            "q": q,
            "k": k,
            "v": v,
            "probs": probs,
            "attended": attended,
            "attention_sum": sum1,
            "attention_mean": mean1,
            "attention_rstd": rstd1,
            "intermediate": u,
            "output_sum": sum2,
            "output_mean": mean2,
            "output_rstd": rstd2,
        }

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
        x, sum1, u = kept["x"], kept["attention_sum"], kept["intermediate"]
        rows = [-1, x.size(-1)]
        g2 = self.layer_norm_backward(
            gy,
            kept["output_sum"],
            kept["output_mean"],
            kept["output_rstd"],
            w,
            gradients,
            "output_norm",
            add,
        )
        gf = self.dropped_backward(g2, masks, "output_residual", self.hidden_scale).view(rows)
        u = u.view([-1, u.size(-1)])
        f = self.activation(u, self.hidden_act)
        gu = self.narrowed_backward(gf, f, w, masks, gradients, "output", add)
        gu = self.activation_backward(gu, u, self.hidden_act)
        h = self.layer_norm(sum1, w, "attention_norm").view(rows)
        gh = self.linear_backward(
            gu, h, w, masks, gradients, "intermediate", add, g2.view(rows), True
        )
        g1 = self.layer_norm_backward(
            gh.view(x.size()),
            sum1,
            kept["attention_mean"],
            kept["attention_rstd"],
            w,
            gradients,
            "attention_norm",
            add,
        )
        ga = self.dropped_backward(g1, masks, "attention_residual", self.hidden_scale).view(rows)
        attended = kept["attended"].view(rows)
        go = self.linear_backward(
            ga, attended, w, masks, gradients, "attention_output", add, None, True
        )
        go = self.heads(go.to(kept["q"].dtype).view(x.size())).contiguous()
        probs = kept["probs"]
        g_relative: Optional[Tensor] = None
        if "relative.weight" in gradients:
            g_relative = g1.new_zeros(probs.size()[1:])
        gq, gk, gv = self.attend_backward(
            go, kept["q"], kept["k"], kept["v"], probs, masks, g_relative
        )
        if g_relative is not None:
            self.relative_bias_backward(g_relative, gradients)
        x2 = self.narrowed(x).view(rows)
        gx = g1.view(rows)
        for name, g in [("query", gq), ("key", gk), ("value", gv)]:
            gx = self.linear_backward(
                self.merged(g), x2, w, masks, gradients, name, add, gx, wanted
            )
        return [gx.view(x.size())] if wanted else []
