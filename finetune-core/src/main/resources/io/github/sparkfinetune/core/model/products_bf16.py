  # The products of products.py and products_f32.py in BF16, from and to F32, as PyTorch's autocast computes them: whatever
  # the weights are stored in, sums are kept in F32 inside a product and the rest of the model is F32.
  def half_product(self: __torch__.Ops, x: Tensor, weight: Tensor) -> Tensor:
    return torch.to(torch.linear(torch.to(x, 15), torch.to(weight, 15)), 6)
  def affine(self: __torch__.Ops, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    y = (self).half_product(x, weight)
    if torch.__is__(bias, None):
      z = y
    else:
      z = torch.add_(y, unchecked_cast(Tensor, bias))
    return z
  def times(self: __torch__.Ops, g: Tensor, weight: Tensor) -> Tensor:
    return (self).half_product(g, torch.t(weight))
  def outer(self: __torch__.Ops, target: Tensor, a: Tensor, b: Tensor, add: bool) -> Tensor:
    y = torch.mm(torch.to(torch.t(a), 15), torch.to(b, 15))
    if add:
      z = torch.add_(target, y)
    else:
      z = torch.copy_(target, y)
    return z
  def recorded_product(self: __torch__.Ops, x: Tensor, weight: Tensor) -> Tensor:
    return (self).half_product(x, weight)
  def attention_input(self: __torch__.Ops, x: Tensor) -> Tensor:
    return torch.to(x, 15)
