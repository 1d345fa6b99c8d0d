import torch

SIZE = 3


class Statement(torch.nn.Module):
    size: int
