"""How much of an attention without a fused kernel is computed at once."""

import torch


class ScoreParts(torch.nn.Module):
    def matrices_at_once(self, scores: int, size: int) -> int:
        """Matrices of so many scores of size bytes each, one at least.

        As many as stay in a processor's cache from one operation to the next: 2 MB.
        """
        return max(1, 2097152 // (size * scores))
