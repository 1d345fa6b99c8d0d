"""Rotary positions, as Hugging Face's Llama has them: the two halves of each head are turned."""

from typing import Dict

import torch
from torch import Tensor


class Rope(torch.nn.Module):
    def inverse_frequencies(self, width: int, theta: float, like: Tensor) -> Tensor:
        """1 / theta^(2i / width) [width / 2], as PyTorch rounds it, on the device of like."""
        steps = torch.arange(0, width, 2, dtype=torch.int64, device=torch.device("cpu"))
        return torch.pow(theta, steps.to(torch.float32) / width).reciprocal().to(like)

    def rotations(self, positions: Tensor, frequencies: Tensor) -> Dict[str, Tensor]:
        """positions [N], frequencies [d / 2] -> cos and sin of each token's angles [N, 1, d / 2]"""
        angles = positions.to(torch.float32).unsqueeze(1) * frequencies.unsqueeze(0)
        return {"cos": angles.cos().unsqueeze(1), "sin": angles.sin().unsqueeze(1)}

    def rotated(self, x: Tensor, heads: int, batch: Dict[str, Tensor], sign: int) -> Tensor:
        """Turns each head of x [N, heads d] by the tokens' angles, forth (sign 1) or back (-1)."""
        cos, sin = batch["cos"], batch["sin"]
        h = x.view([x.size(0), heads, -1])
        half = h.size(2) // 2
        a, b = h[..., :half], h[..., half:]
        y = torch.empty_like(h)
        torch.mul(a, cos, out=y[..., :half]).addcmul_(b, sin, value=-sign)
        torch.mul(b, cos, out=y[..., half:]).addcmul_(a, sin, value=sign)
        return y.view(x.size())
