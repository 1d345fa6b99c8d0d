"""AdamW whose moments are 8-bit codes, with one scale for each block."""

from typing import List

import torch
from torch import Tensor


class AdamW8bit(torch.nn.Module):
    beta1: float
    beta2: float
    eps: float
    block: int
    chunk: int

    def adamw_8bit(
        self,
        parameter: Tensor,
        gradient: Tensor,
        states: List[Tensor],
        absmaxes: List[Tensor],
        codes: List[Tensor],
        above: List[Tensor],
        cells: List[Tensor],
        scratch: List[Tensor],
        correction1: float,
        correction2: float,
        grad_scale: float,
        lr: float,
        weight_decay: float,
    ) -> Tensor:
        """One update in place of n values; the gradient is divided by grad_scale.

        For both moments: states are the codes [n], absmaxes their scales [blocks], codes the codes'
        values [256]; above, cells and scratch are inputs of narrow; corrections are 1 - beta^t.
        """
        p = parameter.detach().view([-1])
        g = gradient.view([-1])
        n = p.size(0)
        # A last, shorter block is a separate chunk.
        whole = n // self.block * self.block
        bounds = [(at, min(at + self.chunk, whole)) for at in range(0, whole, self.chunk)]
        if whole < n:
            bounds.append((whole, n))
        for begin, end in bounds:
            first, last = begin // self.block, (end + self.block - 1) // self.block
            rows = [last - first, -1]
            m_scale = absmaxes[0][first:last]
            v_scale = absmaxes[1][first:last]
            gc = g[begin:end].view(rows)
            m = self.widened(states[0][begin:end], m_scale, codes[0])
            m.mul_(self.beta1).add_(gc, alpha=(1 - self.beta1) / grad_scale)
            v = self.widened(states[1][begin:end], v_scale, codes[1])
            v.mul_(self.beta2).addcmul_(gc, gc, value=(1 - self.beta2) / (grad_scale * grad_scale))
            pc = p[begin:end].view(rows)
            pc.mul_(1 - lr * weight_decay)
            pc.addcdiv_(m, v.sqrt().div_(correction2**0.5).add_(self.eps), value=-lr / correction1)
            self.narrow(m, above[0], cells[0], scratch, states[0][begin:end], m_scale)
            self.narrow(v, above[1], cells[1], scratch, states[1][begin:end], v_scale)
        return parameter

    def widened(self, state: Tensor, absmax: Tensor, code: Tensor) -> Tensor:
        """Codes [n] with scales [blocks] -> values [blocks, n / blocks]"""
        values = code.index_select(0, state.to(torch.int32)).view([absmax.size(0), -1])
        return values.mul_(absmax.unsqueeze(1))

    def narrow(
        self,
        values: Tensor,
        above: Tensor,
        cells: Tensor,
        scratch: List[Tensor],
        state: Tensor,
        absmax: Tensor,
    ) -> None:
        """Writes the nearest codes of values [blocks, n / blocks] and their scales.

        above [256] has the midpoint of each code's value and the next code's. cells [65536] has, by
        the upper half of a number's bits, the code of the lowest number with these bits: the number's
        own code, or the previous code. This needs scratch: at least n numbers, and the same memory as
        I32. Without scratch, all codes are searched.
        """
        greatest = values.abs().amax([1])
        absmax.copy_(greatest.masked_fill_(greatest == 0, 1.0))
        n = state.size(0)
        if len(scratch) == 0:
            x = values.div(absmax.unsqueeze(1)).view([-1])
            state.copy_(torch.bucketize(x, above[:-1], out_int32=True))
        else:
            x = scratch[0][:n]
            torch.div(values, absmax.unsqueeze(1), out=x.view(values.size()))
            halves = torch.bitwise_right_shift(scratch[1][:n], 16).bitwise_and_(65535)
            code = cells.index_select(0, halves)
            state.copy_(code.add_(x > above.index_select(0, code.to(torch.int32))))
