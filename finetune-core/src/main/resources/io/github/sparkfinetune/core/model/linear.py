"""Linears y = x W^T + b with their adapters and their backward, for every architecture.

The weights w hold, by a linear's name, NAME.weight [out, in], optionally NAME.bias [out], and an
adapter's weights as in lora.py. A weight that never changes may be NAME.packed instead, see Matmul.
Linears of the same input may be packed as one, by rows; each part keeps its bias and its adapter.
"""

from typing import Dict, Optional

import torch
from core.model.lora import Lora
from torch import Tensor


class Linear(Lora):
    def has_linear(self, w: Dict[str, Tensor], name: str) -> bool:
        return name + ".weight" in w or name + ".packed" in w

    def recorded(
        self,
        x: Tensor,
        weight: Tensor,
        w: Dict[str, Tensor],
        masks: Dict[str, Tensor],
        name: str,
    ) -> Tensor:
        """x W^T + b, and the adapter, as PyTorch records it: x [..., in] -> [..., out]"""
        wx = self.recorded_product(x, weight)
        y = wx + w[name + ".bias"] if name + ".bias" in w else wx
        if self.has_adapter(w, name):
            y = y + self.lora_output(x, wx, weight, w, masks, name)
        return y

    def linear(self, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
        """A linear that PyTorch can differentiate, unless its weight is packed."""
        if name + ".packed" in w:
            return self.packed_dense(x, w, masks, name).to(torch.float32)
        return self.recorded(x, w[name + ".weight"], w, masks, name)

    def conv1d(self, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
        """As linear, with NAME.weight [in, out], as GPT-2 stores it."""
        if name + ".packed" in w:
            return self.packed_dense(x, w, masks, name).to(torch.float32)
        return self.recorded(x, w[name + ".weight"].t(), w, masks, name)

    def without_graph(self, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
        """x W^T + b without a graph."""
        if not self.is_few(x):
            return self.affine(x, weight, bias)
        y = self.few_rows(x, weight)
        return y if bias is None else y.add_(bias)

    def packed_dense(self, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
        """A linear with a packed weight, in the compute dtype: x [..., in] -> [..., out]"""
        rows = x.reshape([-1, x.size(-1)])
        y = self.packed_product(self.packed_input(rows, w, name), w, name, "")
        self.add_adapter(y, rows, w, masks, name)
        return y.view(list(x.shape[:-1]) + [y.size(-1)])

    def add_adapter(
        self, y: Tensor, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str
    ) -> Tensor:
        """Adds the output of a linear's adapter, if any, to y [N, out] in the compute dtype: x [N, in]"""
        if self.has_adapter(w, name):
            d = self.lora_input(x, w, masks, name)
            if x.size(0) <= 32:
                # A call of oneDNN's product in BF16 takes longer than these few sums do in F32.
                inner = torch.mm(d.to(torch.float32), w[name + ".lora_A"].t()).mul_(w[name + ".scaling"])
                return y.add_(torch.mm(inner, w[name + ".lora_B"].t()))
            return self.add_low_rank(y, d, w, name)
        return y

    def add_low_rank(self, y: Tensor, d: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
        """Adds scaling B A d [N, out] to y, in the compute dtype; d [N, in]"""
        return y.addmm_(self.product(d, self.cast_a(w, name)), self.scaled_b(w, name).t())

    def joined_part(
        self, y: Tensor, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str
    ) -> Tensor:
        """A linear's output, given its columns y [N, out] of a joined linear's product: x [N, in]"""
        y = self.add_adapter(y, x, w, masks, name)
        return y.add_(w[name + ".bias"]) if name + ".bias" in w else y

    def dense(self, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
        """A linear without a graph, by the faster library; its backward is linear_backward."""
        if name + ".packed" in w:
            return self.packed_dense(x, w, masks, name).to(torch.float32)
        weight = w[name + ".weight"]
        bias = w.get(name + ".bias")
        if not self.has_adapter(w, name):
            return self.without_graph(x, weight, bias)
        y = self.without_graph(x, weight, None)
        if name + ".lora_magnitude" in w:
            y.add_(self.lora_output(x, y, weight, w, masks, name))
        else:
            inner = self.lora_inner(self.lora_input(x, w, masks, name), w, name)
            rows = inner.view([-1, inner.size(-1)])
            y.view([-1, y.size(-1)]).addmm_(rows, w[name + ".lora_B"].t())
        return y if bias is None else y.add_(bias)

    def cast_dense(self, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
        """The output of dense in the compute dtype, in which an adapter's products are added."""
        if name + ".packed" in w:
            return self.packed_dense(x, w, masks, name)
        if not self.casts() or name + ".lora_magnitude" in w:
            return self.cast(self.dense(x, w, masks, name))
        y = self.biased_product(x, w[name + ".weight"], w.get(name + ".bias"))
        if self.has_adapter(w, name):
            y = self.add_low_rank(y, self.lora_input(x, w, masks, name), w, name)
        return y

    def reads(self, gradients: Dict[str, Tensor], name: str) -> bool:
        """Whether linear_backward needs the linear's input."""
        return name + ".weight" in gradients or name + ".lora_A" in gradients

    def linear_backward(
        self,
        g: Tensor,
        x: Tensor,
        w: Dict[str, Tensor],
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        name: str,
        add: bool,
        residual: Optional[Tensor],
        needs_input_grad: bool,
    ) -> Tensor:
        """Backward of dense.

        g [N, out]: gradient of the output; x [N, in]: the input, only read if reads() is true.
        -> the gradient of x [N, in], plus residual, or an empty tensor if it is not needed.
        """
        self.put_product(gradients, name + ".weight", g, x, add)
        self.put_sum(gradients, name + ".bias", g, add)
        if self.has_adapter(w, name):
            gx = self.lora_backward(g, x, w, masks, gradients, name, add, needs_input_grad)
        else:
            gx = self.times(g, w[name + ".weight"]) if needs_input_grad else g[:0]
        return gx if residual is None or not needs_input_grad else gx.add_(residual)

    def cast_backward(
        self,
        g: Tensor,
        x: Tensor,
        w: Dict[str, Tensor],
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        name: str,
        add: bool,
        residual: Optional[Tensor],
        needs_input_grad: bool,
    ) -> Tensor:
        """Backward of cast_dense: as linear_backward, with gradients in the compute dtype.

        residual may be overwritten.
        """
        if not self.casts() or name + ".lora_magnitude" in w:
            gx = self.linear_backward(g, x, w, masks, gradients, name, add, residual, needs_input_grad)
            return self.cast(gx)
        g = self.cast(g)
        self.put_product(gradients, name + ".weight", g, x, add)
        self.put_sum(gradients, name + ".bias", g, add)
        a, gd = g[:0], g[:0]
        if self.has_adapter(w, name):
            a = self.cast_a(w, name)
            gd = self.inner_backward(g, x, a, w, masks, gradients, name, add)
        if not needs_input_grad:
            return g[:0]
        weight = w[name + ".weight"]
        gx = self.product_times(g, weight) if residual is None else residual.addmm_(g, self.cast(weight))
        if not self.has_adapter(w, name):
            return gx
        if name not in masks:
            return gx.addmm_(gd, a)
        return gx.add_(torch.mm(gd, a).mul_(masks[name].view(gx.size())).mul_(w[name + ".keep"]))
