"""Operators that PyTorch's C++ library does not have on "meta", by others: the same shapes, types and devices."""

from typing import List, Optional, Tuple

import torch
from torch import Tensor


class MetaKernels(torch.nn.Module):
    def meta_index_select(self, x: Tensor, dim: int, index: Tensor) -> Tensor:
        assert x.is_meta == index.is_meta, "tensors are on two devices"
        size = list(x.size())
        size[dim] = index.size(0)
        shape = [1] * x.dim()
        shape[dim] = -1
        return torch.gather(x, dim, index.to(torch.int64).view(shape).expand(size))

    def meta_embedding(self, weight: Tensor, indices: Tensor) -> Tensor:
        rows = self.meta_index_select(weight, 0, indices.view([-1]))
        return rows.view(list(indices.size()) + list(weight.size())[1:])

    def meta_embedding_dense_backward(
        self, g: Tensor, indices: Tensor, size: int, padding: int, scaled: bool
    ) -> Tensor:
        assert g.is_meta == indices.is_meta, "tensors are on two devices"
        return torch.zeros([size, g.size(-1)], dtype=g.dtype, device=g.device)

    def meta_native_layer_norm(
        self, x: Tensor, shape: List[int], weight: Optional[Tensor], bias: Optional[Tensor], eps: float
    ) -> Tuple[Tensor, Tensor, Tensor]:
        mean = x.mean([-1], True)
        y = x - mean
        rstd = torch.rsqrt((y * y).mean([-1], True) + eps)
        y = y * rstd
        if weight is not None:
            y = y * weight
        if bias is not None:
            y = y + bias
        return y, mean, rstd

    def meta_layer_norm(
        self, x: Tensor, shape: List[int], weight: Optional[Tensor], bias: Optional[Tensor], eps: float
    ) -> Tensor:
        return self.meta_native_layer_norm(x, shape, weight, bias, eps)[0]

    def meta_native_layer_norm_backward(
        self,
        g: Tensor,
        x: Tensor,
        shape: List[int],
        mean: Tensor,
        rstd: Tensor,
        weight: Tensor,
        bias: Optional[Tensor],
        mask: List[bool],
    ) -> Tuple[Tensor, Tensor, Tensor]:
        y = g * (x - mean) * rstd
        return y * weight, y.view([-1, y.size(-1)]).sum([0]), g.view([-1, g.size(-1)]).sum([0])

    def meta_attention(
        self, q: Tensor, k: Tensor, v: Tensor, bias: Optional[Tensor], dropout: float, causal: bool
    ) -> Tensor:
        if k.size(1) != q.size(1):
            size = [-1, -1, q.size(1) // k.size(1), -1, -1]
            k, v = k.unsqueeze(2).expand(size).flatten(1, 2), v.unsqueeze(2).expand(size).flatten(1, 2)
        s = torch.matmul(q, k.transpose(-2, -1))
        if bias is not None:
            s = s + bias
        y = torch.matmul(s.softmax(-1), v)
        # In the order of tokens, as flash attention lays it out.
        return y.transpose(1, 2).contiguous().transpose(1, 2)

    def meta_flash_forward(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        starts: Tensor,
        starts_of_keys: Tensor,
        longest: int,
        longest_of_keys: int,
        dropout: float,
        causal: bool,
        debug: bool,
        window_size_left: int,
        window_size_right: int,
    ) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """The shapes of CUDA's flash attention: q [N, A, d], k and v [N, G, d] -> [N, A, d] and [A, N]"""
        for x in [q, k, v]:
            assert x.dtype == torch.bfloat16 and x.dim() == 3 and x.size(2) == q.size(2), "no operand of the kernel"
        assert starts.is_meta and starts.dtype == torch.int32, "starts are not on the device"
        repeated = (k + v).repeat_interleave(q.size(1) // k.size(1), 1)
        sums = q.to(torch.float32).sum([2]).t().contiguous()
        return q + repeated, sums, starts, starts, q[:0]

    def meta_flash_backward(
        self,
        g: Tensor,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        o: Tensor,
        sums: Tensor,
        starts: Tensor,
        starts_of_keys: Tensor,
        longest: int,
        longest_of_keys: int,
        dropout: float,
        causal: bool,
        state: Tensor,
        unused: Tensor,
        window_size_left: int,
        window_size_right: int,
    ) -> Tuple[Tensor, Tensor, Tensor]:
        """The shapes of the backward of flash attention: g and o [N, A, d], sums [A, N] -> those of q, k and v"""
        assert g.dtype == torch.bfloat16 and g.size() == q.size() and o.size() == q.size(), "no gradient of the output"
        assert sums.dtype == torch.float32 and sums.size(1) == q.size(0) and sums.size(0) == q.size(1), "no sums"
        assert starts.is_meta and state.is_meta, "tensors are on two devices"
        return torch.empty_like(q), torch.empty_like(k), torch.empty_like(v)
