"""Vector of each text of a batch. N tokens of all texts concatenated, H hidden."""

from typing import Dict

import torch
from torch import Tensor


class Pooling(torch.nn.Module):
    def mean_of_texts(self, x: Tensor, batch: Dict[str, Tensor]) -> Tensor:
        """Mean of each text's rows: x [N, H] -> [B, H]

        batch: the text of each row, texts [N], -1 for filler; and text_lengths [B], F32. A product
        of matrices adds in a fixed order on a GPU, unlike index_add.
        """
        lengths = batch["text_lengths"]
        numbers = torch.arange(lengths.size(0), device=x.device)
        own = (numbers.unsqueeze(1) == batch["texts"].unsqueeze(0)).to(torch.float32)
        return torch.mm(own / lengths.unsqueeze(1), x.to(torch.float32))

    def pooled(self, x: Tensor, batch: Dict[str, Tensor]) -> Tensor:
        """x [N, H] -> [B, H]: the mean of each text's rows, or the row at batch["indices"] [B]"""
        if "texts" in batch:
            return self.mean_of_texts(x, batch)
        return x.index_select(0, batch["indices"])
