"""Dropout masks made on the device, with the bits of Java's class Dropout.

A mask has R rows. terms [3, R] are what the sample, the head and the token of each row add to its
key. Four words decide 16 elements, in memory order: of two words, the first decides the bytes at
even indices, the second those at odd ones. Products of 64-bit integers wrap, as in Java.
"""

from typing import List

import torch
from torch import Tensor


class DropoutMasks(torch.nn.Module):
    def mix_shifted(self, z: Tensor, t: Tensor, bits: int, low: int) -> None:
        """z ^= z >>> bits, in place; low: the bits that are left. t is overwritten."""
        torch.bitwise_right_shift(z, bits, out=t)
        z.bitwise_xor_(t.bitwise_and_(low))

    def mix(self, z: Tensor) -> Tensor:
        """SplitMix64's finaliser, in place."""
        t = torch.empty_like(z)
        self.mix_shifted(z, t, 30, 0x3FFFFFFFF)
        self.mix_shifted(z.mul_(-4658895280553007687), t, 27, 0x1FFFFFFFFF)
        self.mix_shifted(z.mul_(-7723592293110705685), t, 31, 0x1FFFFFFFF)
        return z

    def row_keys(self, terms: Tensor, keys: List[int]) -> Tensor:
        """The keys [S, R] of the rows of S masks."""
        z = torch.empty([len(keys), terms.size(1)], dtype=torch.int64, device=terms.device)
        for i in range(len(keys)):
            torch.add(terms[0], keys[i], out=z[i])
        self.mix(z)
        self.mix(z.add_(terms[1]))
        return self.mix(z.add_(terms[2]))

    def dropout_mask(self, keys: Tensor, added: int, width: int) -> Tensor:
        """Row keys [R] -> a mask [R, width] of bytes; added sets the top bit of each lane that is kept."""
        pairs = (width + 7) // 8
        words = torch.empty([keys.size(0), pairs], dtype=torch.int64, device=keys.device)
        steps = torch.arange(1, 2 * pairs + 1, dtype=torch.int64, device=keys.device)
        steps.mul_(-7046029254386353131)
        # 32 MB of words at a time.
        rows = max(1, 2097152 // pairs)
        for first in range(0, keys.size(0), rows):
            z = self.mix(keys[first : first + rows].unsqueeze(1) + steps)
            z.bitwise_and_(0x7FFF7FFF7FFF7FFF).add_(added).bitwise_right_shift_(15).bitwise_and_(
                0x0001000100010001
            )
            torch.add(z[:, 0::2], z[:, 1::2], alpha=256, out=words[first : first + rows])
        # TorchScript drops what is written to a tensor that it takes for unused: only the last alias is read.
        mask = torch.empty([0], dtype=torch.uint8, device=keys.device).set_(
            words, 0, [keys.size(0), 8 * pairs]
        )
        return mask if width == 8 * pairs else mask[:, :width].contiguous()

    def dropout_masks(
        self, terms: List[Tensor], keys: List[int], added: List[int], widths: List[int], flat: bool
    ) -> List[Tensor]:
        """Masks of the same rows, each with its key and what it adds.

        The rows are in stretches of one width each, given by terms, and widths has each mask's width in
        each stretch. A mask is [R, width], or if flat, all its elements in one dimension.
        """
        by_stretch = [self.row_keys(some, keys) for some in terms]
        masks: List[Tensor] = []
        for i in range(len(keys)):
            parts: List[Tensor] = []
            for j in range(len(terms)):
                mask = self.dropout_mask(by_stretch[j][i], added[i], widths[i * len(terms) + j])
                parts.append(mask.view([-1]) if flat else mask)
            masks.append(parts[0] if len(parts) == 1 else torch.cat(parts))
        return masks
