"""Norms over the last dimension, with their backward.

By its name in the weights w, a norm has NAME.weight [H].
"""

from typing import Dict

import torch
import torch.nn.functional as F
from core.model.weight_gradients import WeightGradients
from torch import Tensor


class LayerNorm(WeightGradients):
    """(x - mean) / sqrt(variance + eps) * weight + bias; NAME.bias [H]."""

    norm_eps: float

    def layer_norm(self, x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
        return F.layer_norm(x, [x.size(-1)], w[name + ".weight"], w[name + ".bias"], self.norm_eps)

    def layer_norm_backward(
        self,
        g: Tensor,
        x: Tensor,
        mean: Tensor,
        rstd: Tensor,
        w: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        name: str,
        add: bool,
    ) -> Tensor:
        """Gradient of x [..., H], given that of the norm g; mean and rstd: native_layer_norm's."""
        gx, gw, gb = torch.ops.aten.native_layer_norm_backward(
            g,
            x,
            [x.size(-1)],
            mean,
            rstd,
            w[name + ".weight"],
            w[name + ".bias"],
            [True, True, True],
        )
        self.put(gradients, name + ".weight", gw, add)
        self.put(gradients, name + ".bias", gb, add)
        return gx


class RmsNorm(WeightGradients):
    """x r * weight, with r = 1 / sqrt(mean(x^2) + eps)."""

    norm_eps: float

    def inverse_rms(self, x: Tensor) -> Tensor:
        """r: x [..., H] -> [..., 1]"""
        n = torch.linalg.vector_norm(x, 2, [-1], True)
        return torch.rsqrt(n * n / x.size(-1) + self.norm_eps)

    def rms_norm(self, x: Tensor, r: Tensor, weight: Tensor) -> Tensor:
        return (x * r).mul_(weight)

    def rms_norm_backward(
        self,
        g: Tensor,
        x: Tensor,
        r: Tensor,
        w: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        name: str,
        add: bool,
    ) -> Tensor:
        """Gradient of x [..., H], given that of the norm g."""
        weight = name + ".weight"
        if weight in gradients:
            gw = (g * x).mul_(r)
            self.put(gradients, weight, gw.view([-1, x.size(-1)]).sum([0]), add)
        t = g * w[weight]
        s = (t * x).sum([-1], True)
        return t.mul_(r).addcmul_(x, s * (r * r * r) / -x.size(-1))

    def head_norm(self, x: Tensor, w: Dict[str, Tensor], name: str, heads: int) -> Tensor:
        """Norms each head of x [N, heads d] where the layer has such a norm, NAME.weight [d]."""
        if name + ".weight" not in w:
            return x
        h = x.view([x.size(0), heads, -1])
        return self.rms_norm(h, self.inverse_rms(h), w[name + ".weight"]).view(x.size())

    def head_norm_backward(
        self,
        g: Tensor,
        x: Tensor,
        w: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        name: str,
        heads: int,
        add: bool,
    ) -> Tensor:
        """Gradient of x [N, heads d], given that of the norm g."""
        h = x.view([x.size(0), heads, -1])
        gh = g.view(h.size())
        return self.rms_norm_backward(gh, h, self.inverse_rms(h), w, gradients, name, add).view(
            x.size()
        )
