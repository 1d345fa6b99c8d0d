  # x W^T + bias and g W without a graph, on a processor by oneDNN: it uses AVX-512 wherever there is one, where the MKL
  # behind torch.linear and torch.mm does so on Intel's processors alone. oneDNN's operator knows no gradient. Weights
  # with more columns than rows are MKL's: oneDNN takes 1.1 to 1.8 times as long to turn them.
  def affine(self: __torch__.Ops, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    if torch.__or__(ops.prim.is_cuda(x), torch.gt(torch.size(weight, 1), torch.size(weight, 0))):
      y = torch.linear(x, weight, bias)
    else:
      y = ops.mkldnn._linear_pointwise(x, weight, bias, "none", annotate(List[Optional[number]], []), "")
    return y
  def times(self: __torch__.Ops, g: Tensor, weight: Tensor) -> Tensor:
    if ops.prim.is_cuda(g):
      y = torch.mm(g, weight)
    else:
      y = ops.mkldnn._linear_pointwise(g, torch.t(weight), None, "none", annotate(List[Optional[number]], []), "")
    return y
