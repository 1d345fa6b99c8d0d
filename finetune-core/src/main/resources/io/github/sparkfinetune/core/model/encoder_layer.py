  # The encoder layer with its backward written out. It keeps less than a recorded graph (no dropped
  # probabilities, no activation, no hidden state between the two halves, masks of 1 byte), works in place, and writes
  # weight gradients where they belong. encoder.py's layer is the same function for the forward pass alone.
  def keep(self: __torch__.Ops, x: Tensor, masks: Dict[str, Tensor], site: str) -> Tensor:
    if torch.__contains__(masks, site):
      y = torch.mul_(x, torch.to(masks[site], 6))
    else:
      y = x
    return y
  # [B, T, H] of a linear -> contiguous [B, heads, T, H / heads]
  def projected(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str, n: int) -> Tensor:
    return torch.contiguous((self).heads((self).linear(x, w, masks, name), n))
  # [B, heads, T, d] -> contiguous [B T, heads d]
  def merged(self: __torch__.Ops, x: Tensor) -> Tensor:
    return torch.reshape(torch.transpose(x, 1, 2), [torch.mul(torch.size(x, 0), torch.size(x, 2)), -1])
  # -> [y, q scaled, k, v, probabilities, attended, sum 1, its mean, its rstd, pre-activation, sum 2, its mean, its rstd]
  def layer_forward(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], bias: List[Tensor], masks: Dict[str, Tensor], n: int, eps: float, act: str, probs_scale: float, scale: float) -> List[Tensor]:
    width = torch.size(x, -1)
    q = (self).projected(x, w, masks, "query", n)
    k = (self).projected(x, w, masks, "key", n)
    v = (self).projected(x, w, masks, "value", n)
    _0 = torch.mul_(q, torch.pow(float(torch.size(q, -1)), -0.5))
    s = torch.matmul(q, torch.transpose(k, -2, -1))
    if torch.gt(torch.len(bias), 0):
      s1 = torch.add_(s, bias[0])
    else:
      s1 = s
    p = torch.softmax(s1, -1)
    if torch.__contains__(masks, "probs"):
      o = torch.mul_(torch.matmul(torch.mul(p, torch.to(masks["probs"], 6)), v), probs_scale)
    else:
      o = torch.matmul(p, v)
    attended = torch.view((self).merged(o), torch.size(x))
    a = (self).keep((self).linear(attended, w, masks, "attention_output"), masks, "attention_output")
    if torch.__contains__(masks, "attention_output"):
      r1 = torch.add(x, a, alpha=scale)
    else:
      r1 = torch.add(x, a)
    h, mean1, rstd1 = torch.native_layer_norm(r1, [width], w["attention_norm.weight"], w["attention_norm.bias"], eps)
    u = (self).linear(h, w, masks, "intermediate")
    f = (self).keep((self).linear((self).activation(u, act), w, masks, "output"), masks, "output")
    if torch.__contains__(masks, "output"):
      r2 = torch.add(h, f, alpha=scale)
    else:
      r2 = torch.add(h, f)
    y, mean2, rstd2 = torch.native_layer_norm(r2, [width], w["output_norm.weight"], w["output_norm.bias"], eps)
    return [y, q, k, v, p, attended, r1, mean1, rstd1, u, r2, mean2, rstd2]
  # Gradients of a linear's weight and bias from those of its output [N, out] and its input [N, in].
  def encoder_linear_back(self: __torch__.Ops, g: Tensor, x: Tensor, gradients: Dict[str, Tensor], name: str, add: bool) -> bool:
    weight = torch.add(name, ".weight")
    if torch.__contains__(gradients, weight):
      if add:
        beta = 1
      else:
        beta = 0
      _0 = torch.addmm_(gradients[weight], torch.t(g), x, beta=beta, alpha=1)
      _1 = (self).put(gradients, torch.add(name, ".bias"), torch.sum(g, [0]), add)
    else:
      pass
    return add
  def norm_back(self: __torch__.Ops, g: Tensor, x: Tensor, mean: Tensor, rstd: Tensor, w: Dict[str, Tensor], gradients: Dict[str, Tensor], name: str, add: bool) -> Tensor:
    weight = torch.add(name, ".weight")
    bias = torch.add(name, ".bias")
    gx, gw, gb = torch.native_layer_norm_backward(g, x, [torch.size(x, -1)], mean, rstd, w[weight], w[bias], [True, True, True])
    _0 = (self).put(gradients, weight, gw, add)
    _1 = (self).put(gradients, bias, gb, add)
    return gx
  # Gradient through a dropout site, as a tensor of its own.
  def dropped_back(self: __torch__.Ops, g: Tensor, masks: Dict[str, Tensor], site: str, scale: float) -> Tensor:
    if torch.__contains__(masks, site):
      y = torch.mul_(torch.mul(g, torch.to(masks[site], 6)), scale)
    else:
      y = g
    return y
  def activation_back(self: __torch__.Ops, g: Tensor, u: Tensor, name: str) -> Tensor:
    if torch.eq(name, "gelu"):
      y = torch.gelu_backward(g, u)
    elif torch.__contains__(["gelu_new", "gelu_pytorch_tanh"], name):
      y = torch.gelu_backward(g, u, approximate="tanh")
    else:
      y = torch.threshold_backward(g, u, 0)
    return y
  # kept: what layer_forward returned -> [gradient of x], or nothing where it is not wanted
  def layer_backward(self: __torch__.Ops, gy: Tensor, x: Tensor, kept: List[Tensor], w: Dict[str, Tensor], gradients: Dict[str, Tensor], masks: Dict[str, Tensor], n: int, eps: float, act: str, probs_scale: float, scale: float, add: bool, wanted: bool) -> List[Tensor]:
    q = kept[1]
    k = kept[2]
    v = kept[3]
    p = kept[4]
    r1 = kept[6]
    u = kept[9]
    width = torch.size(x, -1)
    rows = [-1, width]
    g2 = (self).norm_back(gy, kept[10], kept[11], kept[12], w, gradients, "output_norm", add)
    gf = torch.view((self).dropped_back(g2, masks, "output", scale), rows)
    u2 = torch.view(u, [-1, torch.size(u, -1)])
    _0 = (self).encoder_linear_back(gf, (self).activation(u2, act), gradients, "output", add)
    gu = (self).activation_back(torch.mm(gf, w["output.weight"]), u2, act)
    h = torch.layer_norm(r1, [width], w["attention_norm.weight"], w["attention_norm.bias"], eps)
    _1 = (self).encoder_linear_back(gu, torch.view(h, rows), gradients, "intermediate", add)
    gh = torch.addmm(torch.view(g2, rows), gu, w["intermediate.weight"])
    g1 = (self).norm_back(torch.view(gh, torch.size(x)), r1, kept[7], kept[8], w, gradients, "attention_norm", add)
    ga = torch.view((self).dropped_back(g1, masks, "attention_output", scale), rows)
    _2 = (self).encoder_linear_back(ga, torch.view(kept[5], rows), gradients, "attention_output", add)
    go = (self).heads(torch.view(torch.mm(ga, w["attention_output.weight"]), torch.size(x)), n)
    if torch.__contains__(masks, "probs"):
      go1 = torch.mul(go, probs_scale)
      mask = torch.to(masks["probs"], 6)
      gv = torch.matmul(torch.transpose(torch.mul(p, mask), -2, -1), go1)
      gp = torch.mul_(torch.matmul(go1, torch.transpose(v, -2, -1)), mask)
    else:
      gv = torch.matmul(torch.transpose(p, -2, -1), go)
      gp = torch.matmul(go, torch.transpose(v, -2, -1))
    gs = torch._softmax_backward_data(gp, p, -1, 6)
    gq = (self).merged(torch.mul_(torch.matmul(gs, k), torch.pow(float(torch.size(q, -1)), -0.5)))
    gk = (self).merged(torch.matmul(torch.transpose(gs, -2, -1), q))
    gv1 = (self).merged(gv)
    x2 = torch.view(x, rows)
    _3 = (self).encoder_linear_back(gq, x2, gradients, "query", add)
    _4 = (self).encoder_linear_back(gk, x2, gradients, "key", add)
    _5 = (self).encoder_linear_back(gv1, x2, gradients, "value", add)
    out = annotate(List[Tensor], [])
    if wanted:
      gx = torch.addmm(torch.view(g1, rows), gq, w["query.weight"])
      _6 = torch.addmm_(gx, gk, w["key.weight"])
      _7 = torch.addmm_(gx, gv1, w["value.weight"])
      _8 = torch.append(out, torch.view(gx, torch.size(x)))
    else:
      pass
    return out
