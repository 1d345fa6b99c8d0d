"""Divergence of a model from its teacher."""

import torch
from torch import Tensor


class Distillation(torch.nn.Module):
    temperature: float
    teacher_weight: float

    def at_temperature(self, z: Tensor) -> Tensor:
        """Logits [..., V] -> log-probabilities [..., V] at the temperature."""
        return torch.log_softmax(z if self.temperature == 1.0 else z / self.temperature, -1)

    def divergence(self, teacher: Tensor, logp: Tensor) -> Tensor:
        """Distributions [..., C]: probabilities, and log-probabilities -> teacher_weight * T^2 * KL [...]"""
        factor = self.teacher_weight * self.temperature * self.temperature
        return (torch.xlogy(teacher, teacher) - teacher * logp).sum(-1) * factor
