"""Products of weights and inputs in 8 bits, by oneDNN: dynamic quantisation.

An input has a scale for each row: the largest magnitude of its values divided by 127. So a row's
result does not depend on other rows. Sums are exact, in 32 bits. Weights never change, and no graph
is recorded.
"""

from typing import Dict, List

import torch
from core.model.int8_codes import Int8Codes
from core.model.matmul_packed_bf16 import PackedBf16
from torch import Tensor


class Int8Products(PackedBf16, Int8Codes):
    def pack(self, weight: Tensor) -> List[Tensor]:
        """As Matmul.pack: the packed codes, the scales [out] and the zero points [out] of a weight.

        With BF16, a weight with more columns than rows is in BF16: to quantise its input takes longer
        than 8 bits save, and its input has the largest outliers, behind the activation.
        """
        if self.casts() and weight.size(1) > weight.size(0):
            return [self.bf16_pack(weight)]
        codes, scale = self.int8_codes(weight)
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
        return self.cast(self.biased(y.mul_(inputs[1]), w, name, gelu))
