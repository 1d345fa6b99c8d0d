import torch
import torch.nn.functional as F
from torch import Tensor


class UnknownOperator(torch.nn.Module):
    def good(self, x: Tensor) -> Tensor:
        return F.silu(x)

    def bad(self, x: Tensor) -> Tensor:
        """Its line is not that of the joined text."""
        y = self.good(x)
        return F.sillu(y)
