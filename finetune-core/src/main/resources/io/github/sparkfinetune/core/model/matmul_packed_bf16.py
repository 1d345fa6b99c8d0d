"""Products in BF16 with weights that are packed once, in oneDNN's own layout.

A product then reads a weight as it lies in memory, and adds its bias and computes GELU while its
result is in the cache. Weights never change, and no graph is recorded.
"""

from typing import Dict, List

import torch
from core.model.matmul import Matmul
from torch import Tensor


class PackedBf16(Matmul):
    def bf16_pack(self, weight: Tensor) -> Tensor:
        # The layout suits products of about this number of rows.
        return torch.ops.mkldnn._reorder_linear_weight(weight.to(torch.bfloat16), 1024)

    def bf16_packed_product(self, x: Tensor, w: Dict[str, Tensor], name: str, gelu: str) -> Tensor:
        attribute = "none" if gelu == "" else "gelu"
        bias = w.get(name + ".bias")
        return torch.ops.mkldnn._linear_pointwise(x, w[name + ".packed"], bias, attribute, [], gelu)

    def pack(self, weight: Tensor) -> List[Tensor]:
        """As Matmul.pack."""
        return [self.bf16_pack(weight)]

    def packed_input(self, x: Tensor, w: Dict[str, Tensor], name: str) -> List[Tensor]:
        """As Matmul.packed_input."""
        return [x.to(torch.bfloat16)]

    def packed_product(self, inputs: List[Tensor], w: Dict[str, Tensor], name: str, gelu: str) -> Tensor:
        """As Matmul.packed_product."""
        return self.bf16_packed_product(inputs[0], w, name, gelu)
