"""Logarithm of a sigmoid."""

import torch
from torch import Tensor


class Softplus(torch.nn.Module):
    def softplus(self, z: Tensor) -> Tensor:
        """log(1 + exp(z)), which is -log(sigmoid(-z)), without exp of a positive number"""
        return torch.log1p(torch.exp(torch.minimum(z, -z))) + z.clamp(min=0.0)
