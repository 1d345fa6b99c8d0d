"""Layer norm over the last dimension, with its backward.

The weights w hold, by a norm's name, NAME.weight [H] and optionally NAME.bias [H].
"""

from typing import Dict, Tuple

import torch
import torch.nn.functional as F
from core.model.weight_gradients import WeightGradients
from torch import Tensor


class LayerNorm(WeightGradients):
    """(x - mean) / sqrt(variance + eps) * weight + bias; NAME.bias [H] is optional."""

    norm_eps: float

    def layer_norm(self, x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
        weight, bias = w[name + ".weight"], w.get(name + ".bias")
        return F.layer_norm(x, [x.size(-1)], weight, bias, self.norm_eps)

    def normed(self, x: Tensor, w: Dict[str, Tensor], name: str) -> Tuple[Tensor, Tensor, Tensor]:
        """layer_norm, and the mean and rstd that layer_norm_backward reads."""
        weight, bias = w[name + ".weight"], w.get(name + ".bias")
        return torch.native_layer_norm(x, [x.size(-1)], weight, bias, self.norm_eps)

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
        """Gradient of x [..., H], given the norm's gradient g; mean and rstd: native_layer_norm's."""
        bias = w.get(name + ".bias")
        gx, gw, gb = torch.ops.aten.native_layer_norm_backward(
            g,
            x,
            [x.size(-1)],
            mean,
            rstd,
            w[name + ".weight"],
            bias,
            [True, True, bias is not None],
        )
        if "sample_squares" in gradients:
            self.put_sum(gradients, name + ".weight", g * ((x - mean) * rstd), add)
            self.put_sum(gradients, name + ".bias", g, add)
            return gx
        self.put(gradients, name + ".weight", gw, add)
        if bias is not None:
            self.put(gradients, name + ".bias", gb, add)
        return gx
