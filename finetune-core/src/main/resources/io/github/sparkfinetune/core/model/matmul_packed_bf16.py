"""Products in BF16 with weights that are packed once, in oneDNN's own layout.

A product then reads a weight as it lies in memory, and adds its bias and computes GELU while its
result is in the cache. Weights never change, and no graph is recorded.
"""

from typing import Dict, List

import torch
from core.model.matmul import Matmul
from torch import Tensor


class PackedBf16(Matmul):
    def pack(self, weight: Tensor) -> List[Tensor]:
        """As Matmul.pack."""
        # The layout suits products of at least this number of rows.
        return [torch.ops.mkldnn._reorder_linear_weight(weight.to(torch.bfloat16), 1024)]

    def packed_input(self, x: Tensor) -> List[Tensor]:
        """As Matmul.packed_input."""
        return [x.to(torch.bfloat16)]

    def packed_product(self, inputs: List[Tensor], w: Dict[str, Tensor], name: str, gelu: str) -> Tensor:
        """As Matmul.packed_product."""
        attribute = "none" if gelu == "" else "gelu"
        bias = w[name + ".bias"].to(torch.bfloat16) if name + ".bias" in w else None
        return torch.ops.mkldnn._linear_pointwise(inputs[0], w[name + ".packed"], bias, attribute, [], gelu)
