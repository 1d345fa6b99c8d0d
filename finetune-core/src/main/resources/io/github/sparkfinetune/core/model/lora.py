"""Low-rank adapters (LoRA), with or without magnitudes (DoRA).

The weights w hold, by the name of a linear with an adapter, NAME.lora_A [r, in], NAME.lora_B
[out, r], NAME.scaling [], NAME.keep [] (1 / (1 - dropout)), and with DoRA NAME.lora_magnitude [out]
and NAME.norm [out], the constant norm of the rows of W + scaling B A. NAME.cast_A and NAME.scaled_B
are copies of A and of scaling B in the compute dtype, if that is not F32. masks[NAME] is the
dropout mask of the adapter's input.
"""

from typing import Dict, List

import torch
import torch.nn.functional as F
from core.model.dropout_masks import DropoutMasks
from core.model.weight_gradients import WeightGradients
from torch import Tensor


class Lora(WeightGradients, DropoutMasks):
    def has_adapter(self, w: Dict[str, Tensor], name: str) -> bool:
        return name + ".lora_A" in w

    def lora_input(self, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
        """The adapter's input d [..., in]: x with its dropout."""
        if name not in masks:
            return x
        return x * masks[name].view(x.size()) * w[name + ".keep"]

    def lora_inner(self, d: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
        """scaling A d, [..., r]"""
        return self.recorded_product(d, w[name + ".lora_A"]) * w[name + ".scaling"]

    def lora_output(
        self,
        x: Tensor,
        wx: Tensor,
        weight: Tensor,
        w: Dict[str, Tensor],
        masks: Dict[str, Tensor],
        name: str,
    ) -> Tensor:
        """The adapter's share of the output, given wx = W x, all [..., out].

        scaling B A d, or with DoRA (m / n - 1) W d + m / n scaling B A d.
        """
        d = self.lora_input(x, w, masks, name)
        low_rank = F.linear(self.lora_inner(d, w, name), w[name + ".lora_B"])
        if name + ".lora_magnitude" not in w:
            return low_rank
        c = w[name + ".lora_magnitude"] / w[name + ".norm"]
        wd = self.recorded_product(d, weight) if name in masks else wx
        return (c - 1) * wd + c * low_rank

    def lora_backward(
        self,
        g: Tensor,
        x: Tensor,
        w: Dict[str, Tensor],
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        name: str,
        add: bool,
        needs_input_grad: bool,
    ) -> Tensor:
        """Backward of a linear with an adapter, except its own weight and bias.

        g [N, out]: gradient of the output, x [N, in] -> gradient of x [N, in], or an empty tensor if
        it is not needed.
        """
        weight = w[name + ".weight"]
        a = w[name + ".lora_A"]
        b = w[name + ".lora_B"]
        magnitude = name + ".lora_magnitude"
        d = self.lora_input(x, w, masks, name)
        ad = self.lora_inner(d, w, name)
        gl = g
        if magnitude in w:
            gl = g * (w[magnitude] / w[name + ".norm"])
            if magnitude in gradients:
                z = torch.addmm(self.recorded_product(d, weight), ad, b.t())
                if "sample_squares" in gradients:
                    self.put_sum(gradients, magnitude, (g * z) / w[name + ".norm"], add)
                else:
                    self.put(gradients, magnitude, (g * z).sum([0]) / w[name + ".norm"], add)
        # [r, N] and [r, out]: the library is three times as fast with these as with their transposes.
        gb = (torch.mm(b.to(gl.dtype).t(), gl.t()) * w[name + ".scaling"]).t()
        if "sample_rows" in gradients:
            self.put_product(gradients, name + ".lora_B", gl, ad, add)
        else:
            self.put(gradients, name + ".lora_B", torch.mm(ad.to(gl.dtype).t(), gl).t(), add)
        self.put_product(gradients, name + ".lora_A", gb, d, add)
        gb = gb.to(torch.float32)
        if not needs_input_grad:
            return g[:0]
        if name not in masks:
            return torch.addmm(self.times(gl, weight), gb, a)
        gd = torch.mm(gb, a)
        if magnitude in w:
            self.add_times(gd, gl - g, weight)
        gd.mul_(masks[name].view(gd.size())).mul_(w[name + ".keep"])
        return self.times(g, weight).add_(gd)

    def cast_a(self, w: Dict[str, Tensor], name: str) -> Tensor:
        """A [r, in] in the compute dtype."""
        copy = name + ".cast_A"
        return w[copy] if copy in w else self.cast(w[name + ".lora_A"])

    def scaled_b(self, w: Dict[str, Tensor], name: str) -> Tensor:
        """scaling B [out, r] in the compute dtype."""
        copy = name + ".scaled_B"
        return w[copy] if copy in w else self.cast(w[name + ".lora_B"] * w[name + ".scaling"])

    def cast_adapters(
        self,
        a: List[Tensor],
        b: List[Tensor],
        scaling: List[Tensor],
        cast_a: List[Tensor],
        scaled_b: List[Tensor],
    ) -> List[Tensor]:
        """Writes what cast_a and scaled_b return for several adapters."""
        for i in range(len(a)):
            cast_a[i].copy_(a[i].detach())
            torch.mul(b[i].detach(), scaling[i], out=scaled_b[i])
        return cast_a

    def inner_backward(
        self,
        g: Tensor,
        x: Tensor,
        a: Tensor,
        w: Dict[str, Tensor],
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        name: str,
        add: bool,
    ) -> Tensor:
        """Writes the gradients of an adapter without magnitude, whose tensors are in the compute dtype.

        g [N, out]: gradient of the output, x [N, in], a: A [r, in] -> gradient of A d [N, r]
        """
        d = self.lora_input(x, w, masks, name)
        gad = self.product_times(g, self.scaled_b(w, name))
        if name + ".lora_B" in gradients:
            ad = self.product(d, a)
            if "sample_rows" in gradients:
                self.put_product(gradients, name + ".lora_B", g, ad * w[name + ".scaling"], add)
            elif add:
                gb = self.product(ad.t(), g.t()).t()
                gradients[name + ".lora_B"].addcmul_(gb, w[name + ".scaling"])
            else:
                gb = self.product(ad.t(), g.t()).t()
                torch.mul(gb, w[name + ".scaling"], out=gradients[name + ".lora_B"])
        self.put_product(gradients, name + ".lora_A", gad, d, add)
        return gad

    def rows_of(self, weight: Tensor, conv1d: bool) -> Tensor:
        """W [out, in] in F32."""
        return (weight.detach().t() if conv1d else weight.detach()).to(torch.float32)

    def row_squares(self, weight: Tensor, conv1d: bool) -> Tensor:
        """Squared norms [out] of the rows of W; conv1d: whether W is stored as [in, out]."""
        rows = self.rows_of(weight, conv1d)
        return (rows * rows).sum([1])

    def dora_norm(
        self, squares: Tensor, weight: Tensor, conv1d: bool, a: Tensor, b: Tensor, scaling: Tensor
    ) -> Tensor:
        """Norms [out] of the rows of W + scaling B A without forming it; squares: W's own."""
        rows = self.rows_of(weight, conv1d)
        a = a.detach()
        b = b.detach()
        cross = (torch.mm(rows, a.t()) * b).sum([1])
        own = (torch.mm(b, torch.mm(a, a.t())) * b).sum([1])
        return torch.sqrt(squares + cross * scaling * 2 + own * (scaling * scaling))
