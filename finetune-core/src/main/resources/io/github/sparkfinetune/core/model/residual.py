"""Halves of a layer, each of which adds to the hidden state what it makes of it.

A half may have a norm before it and a norm behind it; w has NAME.weight [H] of those that are
there. kept holds, by a norm's name, what its backward needs: NAME.rms [N, 1], and behind a half
NAME.input [N, H].
"""

from typing import Dict

from core.model.rms_norm import RmsNorm
from torch import Tensor


class Residual(RmsNorm):
    residual_multiplier: float

    def norm_kept(self, x: Tensor, w: Dict[str, Tensor], name: str, behind: bool) -> Dict[str, Tensor]:
        """What is kept of the norm of x, nothing without one; behind: it stands behind a half."""
        kept: Dict[str, Tensor] = {}
        if name + ".weight" in w:
            kept[name + ".rms"] = self.inverse_rms(x)
            if behind:
                kept[name + ".input"] = x
        return kept

    def normed(self, x: Tensor, w: Dict[str, Tensor], kept: Dict[str, Tensor], name: str) -> Tensor:
        """x under the norm before a half."""
        if name + ".weight" not in w:
            return x
        return self.rms_norm(x, kept[name + ".rms"], w[name + ".weight"])

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
        """Gradient of x of normed, given that of its result."""
        if name + ".weight" not in w:
            return g
        return self.rms_norm_backward(g, x, kept[name + ".rms"], w, gradients, name, add)

    def added(self, x: Tensor, y: Tensor, w: Dict[str, Tensor], kept: Dict[str, Tensor], name: str) -> Tensor:
        """x and what a half makes of it, y, under the norm behind it; in place of y without one."""
        if name + ".weight" in w:
            y = self.rms_norm(y, kept[name + ".rms"], w[name + ".weight"])
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
        """Gradient of y of added, given that of the sum; g itself where nothing is done to y."""
        if self.residual_multiplier != 1.0:
            g = g * self.residual_multiplier
        if name + ".weight" not in w:
            return g
        y = kept[name + ".input"]
        return self.rms_norm_backward(g, y, kept[name + ".rms"], w, gradients, name, add)
