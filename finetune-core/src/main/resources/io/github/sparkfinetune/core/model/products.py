  # x W^T + bias and g W without a graph, by PyTorch's own choice of library; products_onednn.py has the same methods.
  def affine(self: __torch__.Ops, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    return torch.linear(x, weight, bias)
  def times(self: __torch__.Ops, g: Tensor, weight: Tensor) -> Tensor:
    return torch.mm(g, weight)
