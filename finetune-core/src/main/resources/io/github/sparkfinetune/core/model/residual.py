"""Halves of a layer, each of which adds its output to the hidden state.

A half may have a norm before it and a norm after it; w has NAME.weight [H] of each existing norm.
kept holds, by a norm's name, the tensors for its backward: NAME.rms [N, 1], and for a norm after a
half NAME.input [N, H].
"""

from typing import Dict

import torch
from core.model.rms_norm import RmsNorm
from torch import Tensor


class Residual(RmsNorm):
    residual_multiplier: float

    def plus(self, y: Tensor, x: Tensor) -> Tensor:
        """x [N, H] in F32 plus y [N, H]; in place of y if the types are equal."""
        return y.add_(x) if y.dtype == x.dtype else y + x

    def norm_input(self, y: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
        """A half's output y, in F32 if a norm follows it."""
        return y.to(torch.float32) if name + ".weight" in w else y

    def norm_kept(self, x: Tensor, w: Dict[str, Tensor], name: str, behind: bool) -> Dict[str, Tensor]:
        """Tensors to keep of the norm of x, none without a norm; behind: the norm follows a half."""
        kept: Dict[str, Tensor] = {}
        if name + ".weight" in w:
            kept[name + ".rms"] = self.inverse_rms(x)
            if behind:
                kept[name + ".input"] = x
        return kept

    def normed(self, x: Tensor, w: Dict[str, Tensor], kept: Dict[str, Tensor], name: str) -> Tensor:
        """x after the norm before a half, or x itself without one, in the compute dtype."""
        if name + ".weight" not in w:
            return self.cast(x)
        return self.cast_product(x * kept[name + ".rms"], self.norm_scales(w[name + ".weight"]))

    def normed_backward(
        self,
        g: Tensor,
        x: Tensor,
        kept: Dict[str, Tensor],
        w: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        name: str,
        add: bool,
    ) -> Tensor:
        """Gradient of normed's x, given its result's gradient."""
        if name + ".weight" not in w:
            return g
        return self.rms_norm_backward(g, x, kept[name + ".rms"], w, gradients, name, add)

    def added(self, x: Tensor, y: Tensor, w: Dict[str, Tensor], kept: Dict[str, Tensor], name: str) -> Tensor:
        """x plus a half's output y after the norm that follows it; in place of y if the types are equal."""
        if name + ".weight" in w:
            y = self.rms_norm(y, kept[name + ".rms"], w[name + ".weight"])
        if y.dtype != x.dtype:
            return torch.add(x, y, alpha=self.residual_multiplier)
        if self.residual_multiplier != 1.0:
            y.mul_(self.residual_multiplier)
        return y.add_(x)

    def added_backward(
        self,
        g: Tensor,
        kept: Dict[str, Tensor],
        w: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        name: str,
        add: bool,
    ) -> Tensor:
        """Gradient of added's y, given the sum's gradient g; g itself if y is added unchanged."""
        if self.residual_multiplier != 1.0:
            g = g * self.residual_multiplier
        if name + ".weight" not in w:
            return g
        y = kept[name + ".input"]
        return self.rms_norm_backward(g, y, kept[name + ".rms"], w, gradients, name, add)
