"""Products of weights and inputs in 8 bits, by oneDNN: dynamic quantisation.

A weight has a scale for each output, an input has one scale, the largest magnitude of its values
divided by 127. Sums are exact in 32 bits. Weights never change, and no graph is recorded.
"""

from typing import Dict, List

import torch
from core.model.matmul import Matmul
from torch import Tensor


class Int8Products(Matmul):
    def pack(self, weight: Tensor) -> List[Tensor]:
        """As Matmul.pack: the packed codes, the scales [out] and the zero points [out] of a weight."""
        weight = weight.to(torch.float32)
        scale = weight.abs().amax(1).clamp_min(1e-30).div_(127)
        codes = torch.round(weight / scale.unsqueeze(1)).to(torch.int8)
        zero = torch.zeros([scale.size(0)], dtype=torch.long)
        return [torch.ops.onednn.qlinear_prepack(codes, None), scale, zero]

    def packed_input(self, x: Tensor) -> List[Tensor]:
        """As Matmul.packed_input: the codes, their scale [1] and their zero point [1]."""
        low, high = torch.aminmax(x)
        scale = torch.maximum(-low, high).to(torch.float32).clamp_min(1e-30).div_(127)
        zero = torch.zeros([1], dtype=torch.long)
        codes = torch.quantize_per_tensor(x.to(torch.float32), scale, zero[0], torch.qint8)
        return [codes.int_repr(), scale.view([1]), zero]

    def packed_product(self, inputs: List[Tensor], w: Dict[str, Tensor], name: str, gelu: str) -> Tensor:
        """As Matmul.packed_product."""
        return torch.ops.onednn.qlinear_pointwise(
            inputs[0],
            inputs[1],
            inputs[2],
            w[name + ".packed"],
            w[name + ".packed_scale"],
            w[name + ".packed_zero"],
            w[name + ".bias"] if name + ".bias" in w else None,
            1.0,
            0,
            torch.bfloat16 if self.casts() else torch.float32,
            "none" if gelu == "" else "gelu",
            [],
            gelu,
        )
