"""Writes five steps of bitsandbytes' 8-bit AdamW: make_adamw_8bit.py

Beside this file, adamw_8bit.safetensors: the parameter before, the gradients, and after each step the parameter, the
codes of both moments and their scales, by bitsandbytes' plain PyTorch text of optimizer_update_8bit_blockwise, which
the CPU has no kernel of; and the values of both codes. Needs bitsandbytes 0.50.
"""

import os
import pathlib

os.environ["TORCHDYNAMO_DISABLE"] = "1"
import torch
from bitsandbytes.backends.triton.kernels_optim import optimizer_update_8bit_blockwise_pytorch
from bitsandbytes.functional import create_dynamic_map
from safetensors.torch import save_file

N = 4096 + 700  # the last block has fewer values
torch.manual_seed(1)
signed, unsigned = create_dynamic_map(signed=True), create_dynamic_map(signed=False)
blocks = -(-N // 256)
p = torch.randn(N)
state1, state2 = torch.zeros(N, dtype=torch.uint8), torch.zeros(N, dtype=torch.uint8)
absmax1, absmax2 = torch.zeros(blocks), torch.zeros(blocks)
tensors = {"signed": signed, "unsigned": unsigned, "before": p.clone()}
for step in range(1, 6):
    g = torch.randn(N) * torch.logspace(-4, 0, N)
    g[512:768] = 0  # a block that has never had a gradient
    tensors[f"gradient.{step}"] = g
    optimizer_update_8bit_blockwise_pytorch(
        p,
        g,
        state1,
        state2,
        0.9,
        0.99,
        0.0,
        0.0,
        1e-8,
        step,
        1e-2,
        signed,
        unsigned,
        absmax1,
        absmax2,
        0.1,
        0.5,
        False,
        optimizer_name="adam",
    )
    for name, tensor in dict(after=p, state1=state1, state2=state2, absmax1=absmax1, absmax2=absmax2).items():
        tensors[f"{name}.{step}"] = tensor.clone()
save_file(tensors, pathlib.Path(__file__).with_name("adamw_8bit.safetensors"))
