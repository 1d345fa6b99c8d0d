  # The encoder layer with its backward written out. It keeps less than a recorded graph (no dropped
  # probabilities, no activation, no hidden state between the two halves, masks of 1 byte), works in place, and writes
  # weight gradients where they belong. encoder.py's layer is the same function for the forward pass alone.
  # x + dropout(a)
  def add_dropped(self: __torch__.Ops, x: Tensor, a: Tensor, masks: Dict[str, Tensor], site: str, scale: float) -> Tensor:
    if torch.__contains__(masks, site):
      y = torch.addcmul(x, a, torch.to(masks[site], 6), value=scale)
    else:
      y = torch.add(x, a)
    return y
  # [B, T, H] of a linear -> contiguous [B, heads, T, H / heads]
  def projected(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str, n: int) -> Tensor:
    return torch.contiguous((self).heads((self).dense(x, w, masks, name), n))
  # [B, heads, T, d] -> contiguous [B T, heads d]
  def merged(self: __torch__.Ops, x: Tensor) -> Tensor:
    return torch.reshape(torch.transpose(x, 1, 2), [torch.mul(torch.size(x, 0), torch.size(x, 2)), -1])
  # How many samples attention takes at once: as many as their scores of 2 MB stay in a processor's cache from one
  # operation to the next.
  def samples_at_once(self: __torch__.Ops, q: Tensor) -> int:
    if ops.prim.is_cuda(q):
      n = torch.size(q, 0)
    else:
      scores = torch.mul(torch.size(q, 1), torch.mul(torch.size(q, 2), torch.size(q, 2)))
      n = ops.prim.max(1, torch.floordiv(524288, scores))
    return n
  def parts(self: __torch__.Ops, q: Tensor) -> int:
    n = (self).samples_at_once(q)
    return torch.floordiv(torch.sub(torch.add(torch.size(q, 0), n), 1), n)
  # [B, ...] -> samples of part i
  def samples(self: __torch__.Ops, x: Tensor, q: Tensor, i: int) -> Tensor:
    n = (self).samples_at_once(q)
    start = torch.mul(i, n)
    return torch.narrow(x, 0, start, ops.prim.min(n, torch.sub(torch.size(x, 0), start)))
  # contiguous [B, heads, T, d] -> matrices [samples heads, T, d] of part i
  def matrices(self: __torch__.Ops, x: Tensor, q: Tensor, i: int) -> Tensor:
    return torch.flatten((self).samples(x, q, i), 0, 1)
  # q, k, v: contiguous [B, heads, T, d] -> [probabilities [B, heads, T, T], attended, as q]
  def attend_in_parts(self: __torch__.Ops, q: Tensor, k: Tensor, v: Tensor, bias: List[Tensor], masks: Dict[str, Tensor], probs_scale: float) -> List[Tensor]:
    p = torch.empty([torch.size(q, 0), torch.size(q, 1), torch.size(q, 2), torch.size(q, 2)], dtype=ops.prim.dtype(q), layout=None, device=ops.prim.device(q))
    o = torch.empty_like(q)
    for i in range((self).parts(q)):
      p1 = (self).matrices(p, q, i)
      _0 = torch.baddbmm_(p1, (self).matrices(q, q, i), torch.transpose((self).matrices(k, q, i), 1, 2), beta=0, alpha=torch.pow(float(torch.size(q, -1)), -0.5))
      if torch.gt(torch.len(bias), 0):
        _1 = torch.add_((self).samples(p, q, i), (self).samples(bias[0], q, i))
      else:
        pass
      _2 = torch._softmax(p1, -1, False, out=p1)
      if torch.__contains__(masks, "probs"):
        d = torch.mul_(torch.to((self).matrices(masks["probs"], q, i), 6), p1)
        _3 = torch.baddbmm_((self).matrices(o, q, i), d, (self).matrices(v, q, i), beta=0, alpha=probs_scale)
      else:
        _4 = torch.baddbmm_((self).matrices(o, q, i), p1, (self).matrices(v, q, i), beta=0, alpha=1)
    return [p, o]
  # go: gradient of attended, contiguous -> gradients of q, k and v
  def attend_in_parts_back(self: __torch__.Ops, go: Tensor, q: Tensor, k: Tensor, v: Tensor, p: Tensor, masks: Dict[str, Tensor], probs_scale: float) -> List[Tensor]:
    gq = torch.empty_like(q)
    gk = torch.empty_like(q)
    gv = torch.empty_like(q)
    if torch.__contains__(masks, "probs"):
      kept = probs_scale
    else:
      kept = 1.
    scale = torch.mul(kept, torch.pow(float(torch.size(q, -1)), -0.5))
    for i in range((self).parts(q)):
      p1 = (self).matrices(p, q, i)
      go1 = (self).matrices(go, q, i)
      gs = torch.bmm(go1, torch.transpose((self).matrices(v, q, i), 1, 2))
      if torch.__contains__(masks, "probs"):
        mask = torch.to((self).matrices(masks["probs"], q, i), 6)
        _0 = torch.mul_(gs, mask)
        d = torch.mul_(mask, p1)
      else:
        d = p1
      _1 = torch.baddbmm_((self).matrices(gv, q, i), torch.transpose(d, 1, 2), go1, beta=0, alpha=kept)
      _2 = torch._softmax_backward_data(gs, p1, -1, 6, grad_input=gs)
      _3 = torch.baddbmm_((self).matrices(gq, q, i), gs, (self).matrices(k, q, i), beta=0, alpha=scale)
      _4 = torch.baddbmm_((self).matrices(gk, q, i), torch.transpose(gs, 1, 2), (self).matrices(q, q, i), beta=0, alpha=scale)
    return [gq, gk, gv]
  # -> [y, q, k, v, probabilities, attended, sum 1, its mean, its rstd, pre-activation, sum 2, its mean, its rstd]
  def layer_forward(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], bias: List[Tensor], masks: Dict[str, Tensor], n: int, eps: float, act: str, probs_scale: float, scale: float) -> List[Tensor]:
    width = torch.size(x, -1)
    q = (self).projected(x, w, masks, "query", n)
    k = (self).projected(x, w, masks, "key", n)
    v = (self).projected(x, w, masks, "value", n)
    p, o, = (self).attend_in_parts(q, k, v, bias, masks, probs_scale)
    attended = torch.view((self).merged(o), torch.size(x))
    r1 = (self).add_dropped(x, (self).dense(attended, w, masks, "attention_output"), masks, "attention_output", scale)
    h, mean1, rstd1 = torch.native_layer_norm(r1, [width], w["attention_norm.weight"], w["attention_norm.bias"], eps)
    u = (self).dense(h, w, masks, "intermediate")
    r2 = (self).add_dropped(h, (self).dense((self).activation(u, act), w, masks, "output"), masks, "output", scale)
    y, mean2, rstd2 = torch.native_layer_norm(r2, [width], w["output_norm.weight"], w["output_norm.bias"], eps)
    return [y, q, k, v, p, attended, r1, mean1, rstd1, u, r2, mean2, rstd2]
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
      y = torch.mul_(torch.mul_(torch.to(masks[site], 6), g), scale)
    else:
      y = g
    return y
  # In place of g.
  def activation_back(self: __torch__.Ops, g: Tensor, u: Tensor, name: str) -> Tensor:
    if torch.eq(name, "gelu"):
      y = torch.gelu_backward(g, u, grad_input=g)
    elif torch.__contains__(["gelu_new", "gelu_pytorch_tanh"], name):
      y = torch.gelu_backward(g, u, approximate="tanh", grad_input=g)
    else:
      y = torch.threshold_backward(g, u, 0, grad_input=g)
    return y
  # kept: what layer_forward returned -> [gradient of x], or nothing where it is not wanted
  def layer_backward(self: __torch__.Ops, gy: Tensor, x: Tensor, kept: List[Tensor], w: Dict[str, Tensor], gradients: Dict[str, Tensor], masks: Dict[str, Tensor], n: int, eps: float, act: str, probs_scale: float, scale: float, add: bool, wanted: bool) -> List[Tensor]:
    r1 = kept[6]
    u = kept[9]
    width = torch.size(x, -1)
    rows = [-1, width]
    g2 = (self).norm_back(gy, kept[10], kept[11], kept[12], w, gradients, "output_norm", add)
    gf = torch.view((self).dropped_back(g2, masks, "output", scale), rows)
    u2 = torch.view(u, [-1, torch.size(u, -1)])
    nothing = annotate(List[Tensor], [])
    gu0 = (self).linear_back(gf, (self).activation(u2, act), w, masks, gradients, "output", add, nothing, True)
    gu = (self).activation_back(gu0, u2, act)
    h = torch.layer_norm(r1, [width], w["attention_norm.weight"], w["attention_norm.bias"], eps)
    residual = [torch.view(g2, rows)]
    gh = (self).linear_back(gu, torch.view(h, rows), w, masks, gradients, "intermediate", add, residual, True)
    g1 = (self).norm_back(torch.view(gh, torch.size(x)), r1, kept[7], kept[8], w, gradients, "attention_norm", add)
    ga = torch.view((self).dropped_back(g1, masks, "attention_output", scale), rows)
    attended = torch.view(kept[5], rows)
    go0 = (self).linear_back(ga, attended, w, masks, gradients, "attention_output", add, nothing, True)
    go = torch.contiguous((self).heads(torch.view(go0, torch.size(x)), n))
    gq, gk, gv, = (self).attend_in_parts_back(go, kept[1], kept[2], kept[3], kept[4], masks, probs_scale)
    x2 = torch.view(x, rows)
    sum = [torch.view(g1, rows)]
    gx0 = (self).linear_back((self).merged(gq), x2, w, masks, gradients, "query", add, sum, wanted)
    gx1 = (self).linear_back((self).merged(gk), x2, w, masks, gradients, "key", add, [gx0], wanted)
    gx2 = (self).linear_back((self).merged(gv), x2, w, masks, gradients, "value", add, [gx1], wanted)
    out = annotate(List[Tensor], [])
    if wanted:
      _0 = torch.append(out, torch.view(gx2, torch.size(x)))
    else:
      pass
    return out
