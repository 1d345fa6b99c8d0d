"""Weights in 8 bits, with a scale for each output: its largest magnitude divided by 127."""

from typing import Dict, List

import torch
import torch.nn.functional as F
from core.model.matmul import Matmul
from torch import Tensor


class Int8Codes(Matmul):
    def int8_codes(self, weight: Tensor) -> List[Tensor]:
        """The codes [out, in] and the scales [out], in F32, of a weight [out, in]."""
        weight = weight.to(torch.float32).contiguous()
        scale = weight.abs().amax(1).clamp_min(1e-30).div_(127)
        return [torch.round(weight / scale.unsqueeze(1)).to(torch.int8), scale]

    def biased(self, y: Tensor, w: Dict[str, Tensor], name: str, gelu: str) -> Tensor:
        """y, in place, plus a linear's bias, if it has one; or the GELU of the sum."""
        if name + ".bias" in w:
            y.add_(w[name + ".bias"])
        return y if gelu == "" else F.gelu(y, approximate=gelu)
