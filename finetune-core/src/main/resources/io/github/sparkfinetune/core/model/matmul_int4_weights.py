"""Products of inputs in the compute dtype with weights in 4 bits, in PyTorch's own layout.

Each 32 consecutive weights of an output have a scale, a fifteenth of the distance between the
smallest and the largest, and the value of code 8. A linear whose width is no multiple of 32, or
whose outputs are no multiple of 16, has 8 bits. Weights never change, and no graph is recorded.
"""

from typing import Dict, List

import torch
from core.model.matmul_int8_weights import Int8Weights
from torch import Tensor


class Int4Weights(Int8Weights):
    def group_size(self) -> int:
        return 32

    def pack(self, weight: Tensor) -> List[Tensor]:
        """As Matmul.pack: the packed codes, and scales and values of code 8 [in / 32, out, 2]."""
        n, k = weight.size()
        if k % self.group_size() != 0 or n % 16 != 0:
            return self.int8_weight(weight)
        groups = weight.to(torch.float32).reshape([n, -1, self.group_size()])
        least = groups.amin(2, True)
        scale = self.cast((groups.amax(2, True) - least).div_(15).clamp_min_(1e-30)).to(torch.float32)
        codes = torch.round((groups - least) / scale).clamp_(0, 15).to(torch.int32).view([n, k])
        scales = torch.cat([scale, least + 8 * scale], 2).transpose(0, 1).contiguous()
        return [torch.ops.aten._convert_weight_to_int4pack_for_cpu(codes, 1), self.cast(scales)]

    def packed_product(self, inputs: List[Tensor], w: Dict[str, Tensor], name: str, gelu: str) -> Tensor:
        """As Matmul.packed_product."""
        codes, scales = w[name + ".packed"], w[name + ".packed_scale"]
        if scales.dim() == 1:
            return self.biased(self.int8_product(inputs[0], codes, scales), w, name, gelu)
        y = torch.ops.aten._weight_int4pack_mm_for_cpu(inputs[0], codes, self.group_size(), scales)
        return self.biased(y, w, name, gelu)
