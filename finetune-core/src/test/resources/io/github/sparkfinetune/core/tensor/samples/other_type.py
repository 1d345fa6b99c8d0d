import torch


class OtherType(torch.nn.Module):
    size: float
