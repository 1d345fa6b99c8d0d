import torch
from torch import Tensor


class BadSyntax(torch.nn.Module):
    def bad(self, x: Tensor) -> Tensor:
        y = x + + * 2
        return y
