"""Loss of the rewards of two answers, as in RewardLoss.java."""

from typing import List

import torch
from core.objective.softplus import Softplus
from torch import Tensor


class RewardLoss(Softplus):
    center_coefficient: float

    def reward_loss(self, rewards: Tensor, margins: Tensor, scale: float) -> List[Tensor]:
        """Losses of B pairs, summed, and their gradient times scale

        rewards [2 B, 1], of each pair the better answer's first; margins [B, 1]
        -> [sum [1], d(scale * sum) / d(rewards) [2 B, 1]]
        """
        pairs = rewards.detach().view([-1, 2])
        better, worse = pairs.select(1, 0), pairs.select(1, 1)
        z = better - worse - margins.view([-1])
        loss = self.softplus(-z)
        slope = torch.sigmoid(-z) * -scale
        gradient = torch.stack([slope, -slope], 1)
        if self.center_coefficient > 0.0:
            both = better + worse
            loss = loss + both.square() * self.center_coefficient
            gradient = gradient + (both * (2.0 * scale * self.center_coefficient)).unsqueeze(1)
        return [loss.sum().unsqueeze(0), gradient.view([-1, 1])]
