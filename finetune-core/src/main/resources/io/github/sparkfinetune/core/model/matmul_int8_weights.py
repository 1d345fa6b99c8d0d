"""Products of inputs in the compute dtype with weights in 8 bits, for few rows.

Sums are in F32. Weights never change, and no graph is recorded.
"""

from typing import Dict, List

import torch
import torch.nn.functional as F
from core.model.int8_codes import Int8Codes
from torch import Tensor


class Int8Weights(Int8Codes):
    def int8_product(self, x: Tensor, codes: Tensor, scale: Tensor) -> Tensor:
        """x W^T: x [N, in] in the compute dtype -> [N, out]

        The kernel reads the codes once a row. With more rows, it is faster to widen the codes.
        """
        if x.size(0) <= 8:
            return torch.ops.aten._weight_int8pack_mm(x, codes, scale)
        return F.linear(x, codes.to(x.dtype)).mul_(scale)

    def int8_weight(self, weight: Tensor) -> List[Tensor]:
        """int8_codes with the scales in the compute dtype."""
        codes, scale = self.int8_codes(weight)
        return [codes, self.cast(scale)]

    def pack(self, weight: Tensor) -> List[Tensor]:
        """As Matmul.pack."""
        return self.int8_weight(weight)

    def packed_input(self, x: Tensor, w: Dict[str, Tensor], name: str) -> List[Tensor]:
        """As Matmul.packed_input."""
        return [self.cast(x)]

    def packed_product(self, inputs: List[Tensor], w: Dict[str, Tensor], name: str, gelu: str) -> Tensor:
        """As Matmul.packed_product."""
        y = self.int8_product(inputs[0], w[name + ".packed"], w[name + ".packed_scale"])
        return self.biased(y, w, name, gelu)
