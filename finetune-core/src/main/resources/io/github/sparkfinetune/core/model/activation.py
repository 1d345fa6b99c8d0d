"""Activations by their names in Hugging Face's config.json, with their backwards."""

import torch
import torch.nn.functional as F
from torch import Tensor


class Activation(torch.nn.Module):
    def activation(self, x: Tensor, name: str) -> Tensor:
        if name == "silu":
            return F.silu(x)
        if name == "gelu":
            return F.gelu(x)
        if name == "gelu_new" or name == "gelu_pytorch_tanh":
            return F.gelu(x, approximate="tanh")
        if name == "relu":
            return torch.relu(x)
        assert name == "tanh"
        return torch.tanh(x)

    def activation_backward(self, g: Tensor, x: Tensor, name: str) -> Tensor:
        """Gradient of x, in place of g, the gradient of activation(x)."""
        if name == "silu":
            return torch.ops.aten.silu_backward(g, x, grad_input=g)
        if name == "gelu":
            return torch.ops.aten.gelu_backward(g, x, grad_input=g)
        if name == "gelu_new" or name == "gelu_pytorch_tanh":
            return torch.ops.aten.gelu_backward(g, x, approximate="tanh", grad_input=g)
        if name == "relu":
            return torch.ops.aten.threshold_backward(g, x, 0, grad_input=g)
        assert name == "tanh"
        return torch.ops.aten.tanh_backward(g, torch.tanh(x), grad_input=g)
