"""RMS norm over the last dimension, with its backward.

The weights w hold, by a norm's name, NAME.weight [H].
"""

from typing import Dict

import torch
from core.model.weight_gradients import WeightGradients
from torch import Tensor


class RmsNorm(WeightGradients):
    """In F32: x r * (weight + offset), with r = 1 / sqrt(mean(x^2) + eps)."""

    norm_eps: float
    norm_offset: float

    def norm_scales(self, weight: Tensor) -> Tensor:
        """The factors of a norm."""
        return weight if self.norm_offset == 0.0 else weight + self.norm_offset

    def inverse_rms(self, x: Tensor) -> Tensor:
        """r: x [..., H] -> [..., 1]"""
        n = torch.linalg.vector_norm(x, 2, [-1], True, dtype=torch.float32)
        if self.casts():
            # n^2 / H + eps in one kernel, which rounds differently.
            return torch.rsqrt(torch.rsub(n * n, self.norm_eps, alpha=-1.0 / x.size(-1)))
        return torch.rsqrt(n * n / x.size(-1) + self.norm_eps)

    def rms_norm(self, x: Tensor, r: Tensor, weight: Tensor) -> Tensor:
        return (x * r).mul_(self.norm_scales(weight))

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
        """Gradient of x [..., H] in F32, given the norm's gradient g."""
        weight = name + ".weight"
        if weight in gradients:
            gw = (g * x.to(torch.float32)).mul_(r)
            self.put(gradients, weight, gw.view([-1, x.size(-1)]).sum([0]), add)
        t = g * self.norm_scales(w[weight])
        s = (t * x).sum([-1], True)
        if self.casts():
            return t.addcmul_(x, s.mul_(r).mul_(r), value=-1.0 / x.size(-1)).mul_(r)
        return t.mul_(r).addcmul_(x, s * (r * r * r) / -x.size(-1))

    def head_norm(self, x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
        """Norms x [N, heads d] in parts as wide as NAME.weight [d], if the layer has this norm.

        A part is a head, or all heads together.
        """
        if name + ".weight" not in w:
            return x
        h = x.view([x.size(0), -1, w[name + ".weight"].size(0)])
        return self.rms_norm(h, self.inverse_rms(h), w[name + ".weight"]).view(x.size())

    def head_norm_backward(
        self,
        g: Tensor,
        x: Tensor,
        w: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        name: str,
        add: bool,
    ) -> Tensor:
        """Gradient of x [N, heads d], given the norm's gradient g."""
        h = x.view([x.size(0), -1, w[name + ".weight"].size(0)])
        gh = g.view(h.size())
        return self.rms_norm_backward(gh, h, self.inverse_rms(h), w, gradients, name, add).view(x.size())
