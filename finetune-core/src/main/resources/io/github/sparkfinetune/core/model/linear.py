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
  # scaling B A d
  def lora(self: __torch__.Ops, d: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
    a = torch.mul(torch.linear(d, w[torch.add(name, ".lora_A")]), w[torch.add(name, ".scaling")])
    return torch.linear(a, w[torch.add(name, ".lora_B")])
  # The adapter's share of the output: scaling B A d, or with DoRA (m/n - 1) W d + m/n scaling B A d.
  def lora_output(self: __torch__.Ops, x: Tensor, wx: Tensor, wt: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
    d = (self).lora_input(x, w, masks, name)
    l = (self).lora(d, w, name)
    if torch.__contains__(w, torch.add(name, ".lora_magnitude")):
      c = torch.div(w[torch.add(name, ".lora_magnitude")], w[torch.add(name, ".norm")])
      if torch.__contains__(masks, name):
        wd = torch.matmul(d, wt)
      else:
        wd = wx
      y = torch.add(torch.mul(torch.sub(c, 1), wd), torch.mul(c, l))
    else:
      y = l
    return y
  # x W' with W [out, in]. For 2 to 8 rows x [N, in] and a weight that lies row by row BLAS is several times faster the
  # other way around, W x'.
  def plain_product(self: __torch__.Ops, x: Tensor, weight: Tensor) -> Tensor:
    if torch.__and__(torch.eq(torch.dim(x), 2), torch.is_contiguous(weight)):
      few = torch.__and__(torch.gt(torch.size(x, 0), 1), torch.le(torch.size(x, 0), 8))
    else:
      few = False
    if few:
      y = torch.contiguous(torch.t(torch.mm(weight, torch.t(x))))
    else:
      y = torch.linear(x, weight)
    return y
  # wt: the weight as [in, out]
  def product(self: __torch__.Ops, x: Tensor, wt: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
    bias = torch.add(name, ".bias")
    if (self).adapted(w, name):
      wx = (self).plain_product(x, torch.t(wt))
      y = torch.add(wx, (self).lora_output(x, wx, wt, w, masks, name))
      if torch.__contains__(w, bias):
        y1 = torch.add(y, w[bias])
      else:
        y1 = y
    else:
      if torch.__contains__(w, bias):
        y1 = torch.linear(x, torch.t(wt), w[bias])
      else:
        y1 = (self).plain_product(x, torch.t(wt))
    return y1
  # x W' + b with W [out, in]
  def linear(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
    return (self).product(x, torch.t(w[torch.add(name, ".weight")]), w, masks, name)
  # The same with W [in, out], as GPT-2 stores it.
  def conv1d(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
    return (self).product(x, w[torch.add(name, ".weight")], w, masks, name)
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
      if add:
        beta = 1
      else:
        beta = 0
      _0 = torch.addmm_(gradients[name], torch.t(a), b, beta=beta, alpha=1)
    else:
      pass
    return add
  # Backward of linear: gradients of its own tensors from those of its output g [N, out] and its input x [N, in] (read
  # where reads() says so), and into gx [N, in], unless it is empty, g W and the adapter's share: in place of what is there
  # where fresh, else added to it.
  def linear_back(self: __torch__.Ops, g: Tensor, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], gradients: Dict[str, Tensor], name: str, add: bool, gx: Tensor, fresh: bool) -> bool:
    weight = w[torch.add(name, ".weight")]
    _0 = (self).put_product(gradients, torch.add(name, ".weight"), g, x, add)
    bias = torch.add(name, ".bias")
    if torch.__contains__(gradients, bias):
      _1 = (self).put(gradients, bias, torch.sum(g, [0]), add)
    else:
      pass
    wanted = torch.gt(torch.numel(gx), 0)
    if fresh:
      beta = 0
    else:
      beta = 1
    if (self).adapted(w, name):
      a = w[torch.add(name, ".lora_A")]
      b = w[torch.add(name, ".lora_B")]
      scaling = w[torch.add(name, ".scaling")]
      magnitude = torch.add(name, ".lora_magnitude")
      d = (self).lora_input(x, w, masks, name)
      ad = torch.mul(torch.linear(d, a), scaling)
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
      gb = torch.mul(torch.mm(gl, b), scaling)
      _3 = (self).put_product(gradients, torch.add(name, ".lora_B"), gl, ad, add)
      _4 = (self).put_product(gradients, torch.add(name, ".lora_A"), gb, d, add)
      if wanted:
        if torch.__contains__(masks, name):
          _5 = torch.addmm_(gx, g, weight, beta=beta, alpha=1)
          gd = torch.mm(gb, a)
          if torch.__contains__(w, magnitude):
            _6 = torch.addmm_(gd, torch.sub(gl, g), weight)
          else:
            pass
          _7 = torch.mul_(torch.mul_(gd, torch.view(masks[name], torch.size(gd))), w[torch.add(name, ".keep")])
          _8 = torch.add_(gx, gd)
        else:
          _9 = torch.addmm_(gx, gl, weight, beta=beta, alpha=1)
          _10 = torch.addmm_(gx, gb, a)
      else:
        pass
    else:
      if wanted:
        _11 = torch.addmm_(gx, g, weight, beta=beta, alpha=1)
      else:
        pass
    return add
