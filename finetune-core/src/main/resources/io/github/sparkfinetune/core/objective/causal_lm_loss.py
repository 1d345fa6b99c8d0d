"""Next-token cross-entropy from the last hidden states, without all logits at once.

M tokens with a label, H hidden, V vocabulary; the logits of self.chunk tokens are there at a time.
"""

from typing import List, Optional, Tuple

import torch
from core.model.matmul import Matmul
from torch import Tensor


class CausalLmLoss(Matmul):
    chunk: int

    def chunks(self, n: int) -> List[Tuple[int, int]]:
        """[begin, end) of each chunk of n tokens."""
        return [(i, i + self.chunk) for i in range(0, n, self.chunk)]

    def next_token_loss(
        self,
        h: Tensor,
        projection: Tensor,
        targets: Tensor,
        scale: float,
        gradients: List[Tensor],
        add: bool,
    ) -> List[Tensor]:
        """h [M, H], projection [V, H], targets [M] -> [sum of losses [1], scale * gradient of h]

        The gradient of the projection goes to gradients, where there is one tensor [V, H].
        """
        total = torch.zeros([1], dtype=torch.float32, device=torch.device("cpu"))
        gh = torch.empty_like(h)
        if len(gradients) > 0 and h.size(0) == 0 and not add:
            gradients[0].zero_()
        for begin, end in self.chunks(h.size(0)):
            hc = h[begin:end]
            target = targets[begin:end].unsqueeze(1)
            z = self.affine(hc, projection, None)
            # In place: fetching as much memory again from the kernel takes longer than the softmax.
            logp = torch._log_softmax(z, -1, False, out=z)
            total = total - logp.gather(1, target).sum().to(total)
            g = logp.exp_().scatter_add_(1, target, -torch.ones_like(target, dtype=torch.float32))
            torch.mul(self.times(g, projection), scale, out=gh[begin:end])
            if len(gradients) > 0:
                self.outer(gradients[0], g.mul_(scale), hc, add or begin > 0)
        return [total, gh]

    def next_token_losses(self, h: Tensor, projection: Tensor, targets: Tensor) -> Tensor:
        """The loss of each token, [M]; M is at least 1."""
        losses: List[Tensor] = []
        for begin, end in self.chunks(h.size(0)):
            z = self.affine(h[begin:end], projection, None)
            target = targets[begin:end].unsqueeze(1)
            losses.append(z.logsumexp([-1]) - z.gather(1, target).squeeze(1))
        return torch.cat(losses)
