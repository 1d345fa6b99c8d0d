"""The layer norm over the last dimension, with its backward.

By its name in the weights w, a norm has NAME.weight [H] and NAME.bias [H].
"""

from typing import Dict

import torch
import torch.nn.functional as F
from core.model.weight_gradients import WeightGradients
from torch import Tensor


class LayerNorm(WeightGradients):
    """(x - mean) / sqrt(variance + eps) * weight + bias"""

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
