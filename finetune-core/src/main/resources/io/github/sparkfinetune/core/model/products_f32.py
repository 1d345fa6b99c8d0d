  # What products in F32 have alike, whichever library affine and times use.
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
