  # Linears, their low-rank adapters and their backward, for every architecture. w holds NAME.weight, [NAME.bias], and
  # for an adapter NAME.lora_A [r, in], NAME.lora_B [out, r], NAME.scaling, NAME.keep (1 / (1 - dropout)) and with DoRA
  # NAME.lora_magnitude [out] and NAME.norm [out], the constant norm of W + scaling B A.
  def adapted(self: __torch__.Ops, w: Dict[str, Tensor], name: str) -> bool:
    return torch.__contains__(w, torch.add(name, ".lora_A"))
  # The adapter's input: x with its dropout.
  def lora_input(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
    if torch.__contains__(masks, name):
      y = torch.mul(torch.mul(x, torch.view(masks[name], torch.size(x))), w[torch.add(name, ".keep")])
    else:
      y = x
    return y
  # scaling A d, [..., r]
  def lora_inner(self: __torch__.Ops, d: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
    return torch.mul(torch.linear(d, w[torch.add(name, ".lora_A")]), w[torch.add(name, ".scaling")])
  # scaling B A d
  def lora(self: __torch__.Ops, d: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
    return torch.linear((self).lora_inner(d, w, name), w[torch.add(name, ".lora_B")])
  # y + a b', in place of y
  def add_product(self: __torch__.Ops, y: Tensor, a: Tensor, b: Tensor) -> Tensor:
    _0 = torch.addmm_(torch.view(y, [-1, torch.size(y, -1)]), torch.view(a, [-1, torch.size(a, -1)]), torch.t(b))
    return y
  # The adapter's share of the output, given W x: scaling B A d, or with DoRA (m/n - 1) W d + m/n scaling B A d.
  def lora_output(self: __torch__.Ops, x: Tensor, wx: Tensor, weight: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
    d = (self).lora_input(x, w, masks, name)
    l = (self).lora(d, w, name)
    if torch.__contains__(w, torch.add(name, ".lora_magnitude")):
      c = torch.div(w[torch.add(name, ".lora_magnitude")], w[torch.add(name, ".norm")])
      if torch.__contains__(masks, name):
        wd = torch.linear(d, weight)
      else:
        wd = wx
      y = torch.add(torch.mul(torch.sub(c, 1), wd), torch.mul(c, l))
    else:
      y = l
    return y
  # x W^T + b, and the adapter, as PyTorch records it. weight: [out, in]
  def recorded(self: __torch__.Ops, x: Tensor, weight: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
    bias = torch.add(name, ".bias")
    wx = (self).recorded_product(x, weight)
    if torch.__contains__(w, bias):
      y = torch.add(wx, w[bias])
    else:
      y = wx
    if (self).adapted(w, name):
      z = torch.add(y, (self).lora_output(x, wx, weight, w, masks, name))
    else:
      z = y
    return z
  # A linear with W [out, in] that PyTorch can differentiate.
  def linear(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
    return (self).recorded(x, w[torch.add(name, ".weight")], w, masks, name)
  # The same with W [in, out], as GPT-2 stores it.
  def conv1d(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
    return (self).recorded(x, torch.t(w[torch.add(name, ".weight")]), w, masks, name)
  # x W^T as W x^T, which reads the weight as it lies: for few rows BLAS is two to three times faster that way. A single row
  # goes twice, for a product of a matrix and a vector runs on one thread.
  def few_rows(self: __torch__.Ops, x: Tensor, weight: Tensor) -> Tensor:
    if torch.eq(torch.size(x, 0), 1):
      y = torch.slice(torch.mm(weight, torch.t(torch.repeat(x, [2, 1]))), 1, 0, 1)
    else:
      y = torch.mm(weight, torch.t(x))
    return torch.contiguous(torch.t(y))
  # x W^T + b without a graph, W [out, in]. From 5 rows on the other library is faster.
  def without_graph(self: __torch__.Ops, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    if torch.__and__(torch.eq(torch.dim(x), 2), torch.le(torch.size(x, 0), 4)):
      few = (self).few_rows(x, weight)
      if torch.__is__(bias, None):
        y = few
      else:
        y = torch.add_(few, unchecked_cast(Tensor, bias))
    else:
      y = (self).affine(x, weight, bias)
    return y
  # A linear whose backward is linear_back: without a graph, by the faster library.
  def dense(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
    weight = w[torch.add(name, ".weight")]
    bias = torch.add(name, ".bias")
    if (self).adapted(w, name):
      wx = (self).without_graph(x, weight, None)
      if torch.__contains__(w, torch.add(name, ".lora_magnitude")):
        y = torch.add_(wx, (self).lora_output(x, wx, weight, w, masks, name))
      else:
        y = (self).add_product(wx, (self).lora_inner((self).lora_input(x, w, masks, name), w, name), w[torch.add(name, ".lora_B")])
      if torch.__contains__(w, bias):
        z = torch.add_(y, w[bias])
      else:
        z = y
    else:
      if torch.__contains__(w, bias):
        z = (self).without_graph(x, weight, w[bias])
      else:
        z = (self).without_graph(x, weight, None)
    return z
  def oriented(self: __torch__.Ops, weight: Tensor, conv1d: bool) -> Tensor:
    if conv1d:
      y = torch.t(weight)
    else:
      y = weight
    return y
  # Row norms [out] of W + scaling B A without forming it; squares: those of W alone.
  def dora_norm(self: __torch__.Ops, squares: Tensor, weight: Tensor, conv1d: bool, a: Tensor, b: Tensor, scaling: Tensor) -> Tensor:
    wa = torch.mm((self).oriented(torch.detach(weight), conv1d), torch.t(torch.detach(a)))
    cross = torch.sum(torch.mul(wa, torch.detach(b)), [1])
    own = torch.sum(torch.mul(torch.mm(torch.detach(b), torch.mm(torch.detach(a), torch.t(torch.detach(a)))), torch.detach(b)), [1])
    all = torch.add(torch.add(squares, torch.mul(torch.mul(cross, scaling), 2)), torch.mul(own, torch.mul(scaling, scaling)))
    return torch.sqrt(all)
  def row_squares(self: __torch__.Ops, weight: Tensor, conv1d: bool) -> Tensor:
    w = (self).oriented(torch.detach(weight), conv1d)
    return torch.sum(torch.mul(w, w), [1])
  # Whether the backward of a linear needs its input.
  def reads(self: __torch__.Ops, gradients: Dict[str, Tensor], name: str) -> bool:
    if torch.__contains__(gradients, torch.add(name, ".weight")):
      y = True
    else:
      y = torch.__contains__(gradients, torch.add(name, ".lora_A"))
    return y
  def put(self: __torch__.Ops, gradients: Dict[str, Tensor], name: str, g: Tensor, add: bool) -> bool:
    if torch.__contains__(gradients, name):
      if add:
        _0 = torch.add_(gradients[name], g)
      else:
        _1 = torch.copy_(gradients[name], g)
    else:
      pass
    return add
  # A weight's gradient a' b, straight into its place.
  def put_product(self: __torch__.Ops, gradients: Dict[str, Tensor], name: str, a: Tensor, b: Tensor, add: bool) -> bool:
    if torch.__contains__(gradients, name):
      _0 = (self).outer(gradients[name], a, b, add)
    else:
      pass
    return add
  # Backward of dense: its own tensors' gradients from those of its output g [N, out] and its input x [N, in], which is
  # read where reads() says so. -> the input's gradient, added to what sum has, or an empty tensor where it is not wanted.
  def linear_back(self: __torch__.Ops, g: Tensor, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], gradients: Dict[str, Tensor], name: str, add: bool, sum: List[Tensor], wanted: bool) -> Tensor:
    weight = w[torch.add(name, ".weight")]
    _0 = (self).put_product(gradients, torch.add(name, ".weight"), g, x, add)
    bias = torch.add(name, ".bias")
    if torch.__contains__(gradients, bias):
      _1 = (self).put(gradients, bias, torch.sum(g, [0]), add)
    else:
      pass
    if (self).adapted(w, name):
      a = w[torch.add(name, ".lora_A")]
      b = w[torch.add(name, ".lora_B")]
      scaling = w[torch.add(name, ".scaling")]
      magnitude = torch.add(name, ".lora_magnitude")
      d = (self).lora_input(x, w, masks, name)
      ad = (self).lora_inner(d, w, name)
      if torch.__contains__(w, magnitude):
        c = torch.div(w[magnitude], w[torch.add(name, ".norm")])
        gl = torch.mul(g, c)
        if torch.__contains__(gradients, magnitude):
          z = torch.addmm(torch.linear(d, weight), ad, torch.t(b))
          gm = torch.div(torch.sum(torch.mul(g, z), [0]), w[torch.add(name, ".norm")])
          _2 = (self).put(gradients, magnitude, gm, add)
        else:
          pass
      else:
        gl = g
      # [r, N] and [r, out]: the library is three times as fast at these as at their transposes.
      gb = torch.t(torch.mul(torch.mm(torch.t(b), torch.t(gl)), scaling))
      _3 = (self).put(gradients, torch.add(name, ".lora_B"), torch.t(torch.mm(torch.t(ad), gl)), add)
      _4 = (self).put_product(gradients, torch.add(name, ".lora_A"), gb, d, add)
      if wanted:
        if torch.__contains__(masks, name):
          gd = torch.mm(gb, a)
          if torch.__contains__(w, magnitude):
            _5 = torch.addmm_(gd, torch.sub(gl, g), weight)
          else:
            pass
          _6 = torch.mul_(torch.mul_(gd, torch.view(masks[name], torch.size(gd))), w[torch.add(name, ".keep")])
          gx = torch.add_((self).times(g, weight), gd)
        else:
          gx = torch.addmm_((self).times(gl, weight), gb, a)
      else:
        gx = torch.slice(g, 0, 0, 0)
    else:
      if wanted:
        gx = (self).times(g, weight)
      else:
        gx = torch.slice(g, 0, 0, 0)
    if torch.__and__(wanted, torch.gt(torch.len(sum), 0)):
      y = torch.add_(gx, sum[0])
    else:
      y = gx
    return y
