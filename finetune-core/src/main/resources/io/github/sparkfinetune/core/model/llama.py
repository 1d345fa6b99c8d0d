  # The layer of Llama, Mistral and Qwen with its backward written out. It keeps its input, the rotated queries and keys,
  # the values, the attention's output and log-sum-exp, the hidden state between its halves and the two halves of the
  # feed-forward part; norms and products of norms are computed again, which costs passes over small tensors.
  # 1 / theta^(2i / d), as PyTorch rounds it, on the device of another tensor.
  def inverse_frequencies(self: __torch__.Ops, width: int, theta: float, like: Tensor) -> Tensor:
    steps = torch.arange(0, width, 2, dtype=4, device=torch.device("cpu"))
    return torch.to(torch.reciprocal(torch.pow(theta, torch.div(torch.to(steps, 6), width))), like)
  # Angles of each token -> [cosines, sines], each [N, 1, d / 2]
  def rotations(self: __torch__.Ops, positions: Tensor, frequencies: Tensor) -> List[Tensor]:
    angles = torch.mul(torch.unsqueeze(torch.to(positions, 6), 1), torch.unsqueeze(frequencies, 0))
    return [torch.unsqueeze(torch.cos(angles), 1), torch.unsqueeze(torch.sin(angles), 1)]
  # Rotates the two halves of each head of x [N, n d] by the tokens' angles, forwards (sign 1) or back (-1).
  def rotated(self: __torch__.Ops, x: Tensor, n: int, cos: Tensor, sin: Tensor, sign: int) -> Tensor:
    h = torch.view(x, [torch.size(x, 0), n, -1])
    half = torch.floordiv(torch.size(h, 2), 2)
    a = torch.slice(h, 2, 0, half)
    b = torch.slice(h, 2, half, torch.mul(half, 2))
    y = torch.empty_like(h)
    ya = torch.slice(y, 2, 0, half)
    yb = torch.slice(y, 2, half, torch.mul(half, 2))
    _0 = torch.addcmul_(torch.mul(a, cos, out=ya), b, sin, value=torch.neg(sign))
    _1 = torch.addcmul_(torch.mul(b, cos, out=yb), a, sin, value=sign)
    return torch.view(y, torch.size(x))
  # 1 / sqrt(mean of squares + eps), [..., 1]
  def inverse_rms(self: __torch__.Ops, x: Tensor, eps: float) -> Tensor:
    n = torch.linalg_vector_norm(x, 2, [-1], True)
    return torch.rsqrt(torch.add(torch.div(torch.mul(n, n), torch.size(x, -1)), eps))
  def normed(self: __torch__.Ops, x: Tensor, r: Tensor, w: Tensor) -> Tensor:
    return torch.mul_(torch.mul(x, r), w)
  # Gradient of x through y = x r w, r = inverse_rms(x); the weight's goes to its place.
  def normed_back(self: __torch__.Ops, g: Tensor, x: Tensor, r: Tensor, w: Dict[str, Tensor], gradients: Dict[str, Tensor], name: str, add: bool) -> Tensor:
    weight = torch.add(name, ".weight")
    if torch.__contains__(gradients, weight):
      gw = torch.mul_(torch.mul(g, x), r)
      _0 = (self).put(gradients, weight, torch.sum(torch.view(gw, [-1, torch.size(x, -1)]), [0]), add)
    else:
      pass
    t = torch.mul(g, w[weight])
    s = torch.sum(torch.mul(t, x), [-1], True)
    f = torch.div(torch.mul(s, torch.mul(torch.mul(r, r), r)), torch.neg(torch.size(x, -1)))
    return torch.addcmul_(torch.mul_(t, r), x, f)
  # Norms each head of x [N, n d] where the layer has such a norm.
  def head_norm(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], name: str, n: int, eps: float) -> Tensor:
    weight = torch.add(name, ".weight")
    if torch.__contains__(w, weight):
      h = torch.view(x, [torch.size(x, 0), n, -1])
      y = torch.view((self).normed(h, (self).inverse_rms(h, eps), w[weight]), torch.size(x))
    else:
      y = x
    return y
  def head_norm_back(self: __torch__.Ops, g: Tensor, x: Tensor, w: Dict[str, Tensor], gradients: Dict[str, Tensor], name: str, n: int, eps: float, add: bool) -> Tensor:
    if torch.__contains__(w, torch.add(name, ".weight")):
      h = torch.view(x, [torch.size(x, 0), n, -1])
      gh = torch.view(g, torch.size(h))
      y = torch.view((self).normed_back(gh, h, (self).inverse_rms(h, eps), w, gradients, name, add), torch.size(x))
    else:
      y = g
    return y
  # What a head norm's backward needs of its input: the input itself, or nothing.
  def head_norm_keep(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
    if torch.__contains__(w, torch.add(name, ".weight")):
      y = x
    else:
      y = torch.empty([0], dtype=6, device=torch.device("cpu"))
    return y
  # Queries, keys and values of x [N, H], rotated -> [q, k, v, q and k before their norms, rms of x]
  def llama_heads(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], cos: Tensor, sin: Tensor, masks: Dict[str, Tensor], heads: int, kv: int, eps: float) -> List[Tensor]:
    r1 = (self).inverse_rms(x, eps)
    x1 = (self).normed(x, r1, w["input_layernorm.weight"])
    q0 = (self).dense(x1, w, masks, "q_proj")
    k0 = (self).dense(x1, w, masks, "k_proj")
    v = (self).dense(x1, w, masks, "v_proj")
    q = (self).rotated((self).head_norm(q0, w, "q_norm", heads, eps), heads, cos, sin, 1)
    k = (self).rotated((self).head_norm(k0, w, "k_norm", kv, eps), kv, cos, sin, 1)
    return [q, k, v, q0, k0, r1]
  # The layer from the attention's output o on -> [y, hidden state between the halves, gate, up, its rms]
  def llama_rest(self: __torch__.Ops, x: Tensor, o: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], eps: float) -> List[Tensor]:
    h = torch.add_((self).dense(o, w, masks, "o_proj"), x)
    r2 = (self).inverse_rms(h, eps)
    h1 = (self).normed(h, r2, w["post_attention_layernorm.weight"])
    gate = (self).dense(h1, w, masks, "gate_proj")
    up = (self).dense(h1, w, masks, "up_proj")
    m = torch.mul_(torch.silu(gate), up)
    y = torch.add_((self).dense(m, w, masks, "down_proj"), h)
    return [y, h, gate, up, r2]
  # x [N, H] -> [y, q, k, v, o, h, gate, up, rms of x, rms of h, q and k before their norms, log-sum-exp ...]
  def llama_forward(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], cos: Tensor, sin: Tensor, documents: List[int], windows: List[Tensor], masks: Dict[str, Tensor], heads: int, kv: int, eps: float, fused: bool) -> List[Tensor]:
    q, k, v, q0, k0, r1, = (self).llama_heads(x, w, cos, sin, masks, heads, kv, eps)
    attended = (self).attend(q, k, v, documents, windows, heads, kv, fused)
    o = attended[0]
    y, h, gate, up, r2, = (self).llama_rest(x, o, w, masks, eps)
    q1 = (self).head_norm_keep(q0, w, "q_norm")
    k1 = (self).head_norm_keep(k0, w, "k_norm")
    kept = [y, q, k, v, o, h, gate, up, r1, r2, q1, k1]
    for i in range(1, torch.len(attended)):
      _0 = torch.append(kept, attended[i])
    return kept
  # The layer alone, for the forward pass.
  def llama_layer(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], cos: Tensor, sin: Tensor, documents: List[int], windows: List[Tensor], masks: Dict[str, Tensor], heads: int, kv: int, eps: float, fused: bool) -> Tensor:
    kept = (self).llama_forward(x, w, cos, sin, documents, windows, masks, heads, kv, eps, fused)
    return kept[0]
  # The layer of whole prompts, whose keys and values go to a cache where they end at end, see cached.py.
  def llama_prompts(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], cos: Tensor, sin: Tensor, documents: List[int], windows: List[Tensor], masks: Dict[str, Tensor], heads: int, kv: int, eps: float, fused: bool, keys: Tensor, values: Tensor, end: int) -> Tensor:
    q, k, v, q0, k0, r1, = (self).llama_heads(x, w, cos, sin, masks, heads, kv, eps)
    _0 = (self).cache_documents(keys, k, documents, end)
    _1 = (self).cache_documents(values, v, documents, end)
    attended = (self).attend(q, k, v, documents, windows, heads, kv, fused)
    rest = (self).llama_rest(x, attended[0], w, masks, eps)
    return rest[0]
  # The layer of one more token of each cached sequence. x [B, H]
  def llama_token(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], cos: Tensor, sin: Tensor, masks: Dict[str, Tensor], heads: int, kv: int, eps: float, keys: Tensor, values: Tensor, begin: int, at: int, bias: List[Tensor]) -> Tensor:
    q, k, v, q0, k0, r1, = (self).llama_heads(x, w, cos, sin, masks, heads, kv, eps)
    o = (self).attend_cached(q, k, v, keys, values, begin, at, bias)
    rest = (self).llama_rest(x, o, w, masks, eps)
    return rest[0]
  # kept: what llama_forward returned -> [gradient of x], or nothing where it is not wanted
  def llama_backward(self: __torch__.Ops, gy: Tensor, x: Tensor, kept: List[Tensor], w: Dict[str, Tensor], gradients: Dict[str, Tensor], cos: Tensor, sin: Tensor, documents: List[int], windows: List[Tensor], masks: Dict[str, Tensor], heads: int, kv: int, eps: float, fused: bool, add: bool, wanted: bool) -> List[Tensor]:
    q = kept[1]
    k = kept[2]
    v = kept[3]
    o = kept[4]
    h = kept[5]
    gate = kept[6]
    up = kept[7]
    r1 = kept[8]
    r2 = kept[9]
    none = torch.slice(gy, 0, 0, 0)
    # Feed-forward half.
    if (self).reads(gradients, "down_proj"):
      m = torch.mul_(torch.silu(gate), up)
    else:
      m = none
    nothing = annotate(List[Tensor], [])
    gm = (self).linear_back(gy, m, w, masks, gradients, "down_proj", add, nothing, True)
    gs = torch.mul(gm, up)
    g_gate = torch.silu_backward(gs, gate, grad_input=gs)
    g_up = torch.mul_(torch.silu(gate), gm)
    if torch.__or__((self).reads(gradients, "gate_proj"), (self).reads(gradients, "up_proj")):
      h1 = (self).normed(h, r2, w["post_attention_layernorm.weight"])
    else:
      h1 = none
    gh0 = (self).linear_back(g_gate, h1, w, masks, gradients, "gate_proj", add, nothing, True)
    gh1 = (self).linear_back(g_up, h1, w, masks, gradients, "up_proj", add, [gh0], True)
    gh = torch.add_((self).normed_back(gh1, h, r2, w, gradients, "post_attention_layernorm", add), gy)
    # Attention half.
    go = (self).linear_back(gh, o, w, masks, gradients, "o_proj", add, nothing, True)
    lse = torch.slice(kept, 12)
    g = (self).attend_back(go, q, k, v, o, lse, documents, windows, heads, kv, fused)
    gq = (self).head_norm_back((self).rotated(g[0], heads, cos, sin, -1), kept[10], w, gradients, "q_norm", heads, eps, add)
    gk = (self).head_norm_back((self).rotated(g[1], kv, cos, sin, -1), kept[11], w, gradients, "k_norm", kv, eps, add)
    qk = torch.__or__((self).reads(gradients, "q_proj"), (self).reads(gradients, "k_proj"))
    if torch.__or__(qk, (self).reads(gradients, "v_proj")):
      x1 = (self).normed(x, r1, w["input_layernorm.weight"])
    else:
      x1 = none
    below = torch.__or__(wanted, torch.__contains__(gradients, "input_layernorm.weight"))
    gx0 = (self).linear_back(gq, x1, w, masks, gradients, "q_proj", add, nothing, below)
    gx1 = (self).linear_back(gk, x1, w, masks, gradients, "k_proj", add, [gx0], below)
    gx2 = (self).linear_back(g[2], x1, w, masks, gradients, "v_proj", add, [gx1], below)
    out = annotate(List[Tensor], [])
    if below:
      gx = torch.add_((self).normed_back(gx2, x, r1, w, gradients, "input_layernorm", add), gh)
      if wanted:
        _7 = torch.append(out, gx)
      else:
        pass
    else:
      pass
    return out
  # Last norm, of the tokens whose next token has a label.
  def llama_head(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], places: Tensor, eps: float) -> Tensor:
    h = torch.index_select(x, 0, places)
    return torch.mul(torch.mul(h, (self).inverse_rms(h, eps)), w["norm.weight"])
