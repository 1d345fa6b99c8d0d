"""Dropout sites.

masks holds a mask for each site: 1 for a kept value, else 0. Masks are bytes, because PyTorch
multiplies by bools one by one. scale is 1 / (1 - p); a missing site drops nothing. No site has the
name of a linear, which names the mask of the linear's adapter.
"""

from typing import Dict

import torch
from torch import Tensor


class Dropout(torch.nn.Module):
    def dropped(self, x: Tensor, masks: Dict[str, Tensor], site: str, scale: float) -> Tensor:
        """x with its dropout, as PyTorch records it."""
        if site not in masks:
            return x
        return x * masks[site].view(x.size()) * scale

    def masks_at(self, masks: Dict[str, Tensor], indices: Tensor) -> Dict[str, Tensor]:
        """The masks of the rows indices [M] only."""
        chosen: Dict[str, Tensor] = {}
        for name, mask in masks.items():
            chosen[name] = mask.index_select(0, indices)
        return chosen

    def add_dropped(self, x: Tensor, y: Tensor, masks: Dict[str, Tensor], site: str, scale: float) -> Tensor:
        """x + dropout(y)"""
        if site not in masks:
            return x + y
        return torch.addcmul(x, y, masks[site].to(torch.float32), value=scale)

    def dropped_backward(self, g: Tensor, masks: Dict[str, Tensor], site: str, scale: float) -> Tensor:
        """Gradient through a site, in a new tensor if something is dropped."""
        if site not in masks:
            return g
        return masks[site].to(torch.float32).mul_(g).mul_(scale)
