"""Products of weights and inputs in 8 bits, by oneDNN: dynamic quantisation.

A weight has a scale for each output, an input has a scale for each row: the largest magnitude of
its values divided by 127. So a row's result does not depend on other rows. Sums are exact, in 32
bits. Weights never change, and no graph is recorded.
"""

from typing import Dict, List

import torch
import torch.nn.functional as F
from core.model.matmul_packed_bf16 import PackedBf16
from torch import Tensor


class Int8Products(PackedBf16):
    def pack(self, weight: Tensor) -> List[Tensor]:
        """As Matmul.pack: the packed codes, the scales [out] and the zero points [out] of a weight.

        With BF16, a weight with more columns than rows is in BF16: to quantise its input takes longer
        than 8 bits save, and its input has the largest outliers, behind the activation.
        """
        if self.casts() and weight.size(1) > weight.size(0):
            return [self.bf16_pack(weight)]
        weight = weight.to(torch.float32).contiguous()
        scale = weight.abs().amax(1).clamp_min(1e-30).div_(127)
        codes = torch.round(weight / scale.unsqueeze(1)).to(torch.int8)
        zero = torch.zeros([scale.size(0)], dtype=torch.int64)
        return [torch.ops.onednn.qlinear_prepack(codes, None), scale, zero]

    def packed_input(self, x: Tensor, w: Dict[str, Tensor], name: str) -> List[Tensor]:
        """As Matmul.packed_input: the codes [N, in] and the scales [N, 1]."""
        if name + ".packed_scale" not in w:
            return [x.to(torch.bfloat16)]
        x = x.to(torch.float32)
        scale = torch.maximum(x.amax(1, True), x.amin(1, True).neg_()).clamp_min_(1e-30).div_(127)
        return [torch.div(x, scale).round_().to(torch.int8), scale]

    def packed_product(self, inputs: List[Tensor], w: Dict[str, Tensor], name: str, gelu: str) -> Tensor:
        """As Matmul.packed_product."""
        if name + ".packed_scale" not in w:
            return self.bf16_packed_product(inputs[0], w, name, gelu)
        y = torch.ops.onednn.qlinear_pointwise(
            inputs[0],
            1.0,
            0,
            w[name + ".packed"],
            w[name + ".packed_scale"],
            w[name + ".packed_zero"],
            None,
            1.0,
            0,
            torch.float32,
            "none",
            [],
            "",
        )
        y.mul_(inputs[1])
        if name + ".bias" in w:
            y.add_(w[name + ".bias"])
        return self.cast(y if gelu == "" else F.gelu(y, approximate=gelu))
