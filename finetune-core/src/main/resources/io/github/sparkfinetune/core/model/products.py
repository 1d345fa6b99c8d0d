  # x W^T + bias and g W without a graph, by PyTorch's own choice of library; products_onednn.py has the same methods.
  def affine(self: __torch__.Ops, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    return torch.linear(x, weight, bias)
  def times(self: __torch__.Ops, g: Tensor, weight: Tensor) -> Tensor:
    return torch.mm(g, weight)
  # target (+)= a' b
  def outer(self: __torch__.Ops, target: Tensor, a: Tensor, b: Tensor, add: bool) -> Tensor:
    if add:
      beta = 1
    else:
      beta = 0
    return torch.addmm_(target, torch.t(a), b, beta=beta, alpha=1)
  # x W^T with a graph
  def recorded_product(self: __torch__.Ops, x: Tensor, weight: Tensor) -> Tensor:
    return torch.linear(x, weight)
  # What attention that is not fused computes with.
  def attention_input(self: __torch__.Ops, x: Tensor) -> Tensor:
    return x
