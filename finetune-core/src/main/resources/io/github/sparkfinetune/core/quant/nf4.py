"""4-bit NormalFloat: weights from their codes and scales, on the device that holds both."""

import torch
from torch import Tensor


class Nf4(torch.nn.Module):
    def widen(self, packed: Tensor, scales: Tensor, pairs: Tensor, target: Tensor) -> Tensor:
        """Writes a weight of n elements, F32 or BF16, from its codes and its blocks' scales.

        packed [n / 2] U8 has two codes a byte, the first in the high half; scales [blocks] F32 has one
        scale for 64 elements; pairs [256, 2] F32 has the values of a byte's two codes.
        """
        flat = target.view([-1])
        values = torch.embedding(pairs, packed.to(torch.int32)).view([-1])[: flat.size(0)]
        whole = flat.size(0) // 64 * 64
        blocks = values[:whole].view([-1, 64])
        blocks.mul_(scales[: whole // 64].unsqueeze(1))
        if whole < flat.size(0):
            values[whole:].mul_(scales[whole // 64])
        return flat.copy_(values)
