"""Rotary positions as in Hugging Face's Llama: the two halves of each head are rotated.

If a layer has positions, batch has cos and sin of the tokens' angles [N, 1, r / 2]. In a head wider
than r, only the first r values are rotated.
"""

from typing import Dict

import torch
from torch import Tensor


class Rope(torch.nn.Module):
    def periods(self, width: int, theta: float, like: Tensor) -> Tensor:
        """theta^(2i / width) [width / 2], as PyTorch rounds it, on the device of like.

        A period is the number of tokens in which an angle grows by 1.
        """
        steps = torch.arange(0, width, 2, dtype=torch.int64, device=torch.device("cpu"))
        return torch.pow(theta, steps.to(torch.float32) / width).to(like)

    def rotations(self, positions: Tensor, frequencies: Tensor, factor: float) -> Dict[str, Tensor]:
        """factor times cos and sin of each token's angles [N, 1, r / 2]

        positions [N], frequencies [r / 2]
        """
        angles = positions.to(torch.float32).unsqueeze(1) * frequencies.unsqueeze(0)
        cos, sin = angles.cos(), angles.sin()
        if factor != 1.0:
            cos, sin = cos * factor, sin * factor
        return {"cos": cos.unsqueeze(1), "sin": sin.unsqueeze(1)}

    def rotated(self, x: Tensor, heads: int, batch: Dict[str, Tensor], sign: int) -> Tensor:
        """Rotates each head of x [N, heads d] by the tokens' angles, forwards (sign 1) or back (-1)."""
        if "cos" not in batch:
            return x
        if torch.is_grad_enabled():
            cos, sin = batch["cos"], batch["sin"] * sign
            half = cos.size(2)
            h = x.view([x.size(0), heads, -1])
            a, b, rest = h[..., :half], h[..., half : 2 * half], h[..., 2 * half :]
            return torch.cat([a * cos - b * sin, b * cos + a * sin, rest], -1).view(x.size())
        return self.rotate_into(torch.empty_like(x), x, heads, batch, sign)

    def rotate_into(
        self, target: Tensor, x: Tensor, heads: int, batch: Dict[str, Tensor], sign: int
    ) -> Tensor:
        """As rotated, without a graph, if there are positions.

        target may be columns of a tensor, and of another type than x.
        """
        cos, sin = batch["cos"], batch["sin"]
        h = x.view([x.size(0), heads, -1])
        y = target.view(h.size())
        half = cos.size(2)
        turned = 2 * half
        a, b = h[..., :half], h[..., half:turned]
        if target.dtype == torch.float32:
            torch.mul(a, cos, out=y[..., :half]).addcmul_(b, sin, value=-sign)
            torch.mul(b, cos, out=y[..., half:turned]).addcmul_(a, sin, value=sign)
        else:
            # A sum is rounded once.
            torch.addcmul(a * cos, b, sin, value=-sign, out=y[..., :half])
            torch.addcmul(b * cos, a, sin, value=sign, out=y[..., half:turned])
        if turned < h.size(2):
            y[..., turned:].copy_(h[..., turned:])
        return target
