  # GPT-2 (recorded by PyTorch): pre-norm layers, learnt positions, weights as [in, out].
  def gpt2_norm(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], name: str, eps: float) -> Tensor:
    return torch.layer_norm(x, [torch.size(x, -1)], w[torch.add(name, ".weight")], w[torch.add(name, ".bias")], eps)
  def gpt2_dropped(self: __torch__.Ops, x: Tensor, masks: Dict[str, Tensor], site: str, scale: float) -> Tensor:
    if torch.__contains__(masks, site):
      y = torch.mul(torch.mul(x, torch.view(masks[site], torch.size(x))), scale)
    else:
      y = x
    return y
  def gpt2_embeddings(self: __torch__.Ops, rows: Tensor, w: Dict[str, Tensor], positions: Tensor, masks: Dict[str, Tensor], scale: float) -> Tensor:
    x = torch.add(rows, torch.embedding(w["position.weight"], positions))
    return (self).gpt2_dropped(x, masks, "embeddings", scale)
  # Attention with its probabilities dropped: probs.I is document I's mask [heads, L, L].
  def gpt2_attend(self: __torch__.Ops, q: Tensor, k: Tensor, v: Tensor, documents: List[int], masks: Dict[str, Tensor], heads: int, scale: float, fused: bool) -> Tensor:
    if torch.__contains__(masks, "probs.0"):
      pieces = annotate(List[Tensor], [])
      start = 0
      for i in range(torch.len(documents)):
        n = documents[i]
        qi = (self).by_heads(q, start, 1, n, heads, heads)
        ki = (self).by_heads(k, start, 1, n, heads, heads)
        vi = (self).by_heads(v, start, 1, n, heads, heads)
        s = torch.matmul(torch.mul(qi, torch.pow(float(torch.size(qi, -1)), -0.5)), torch.transpose(ki, -2, -1))
        future = torch.triu(torch.ones_like(torch.select(torch.select(s, 0, 0), 0, 0), dtype=11), 1)
        p = torch.softmax(torch.masked_fill(s, future, -inf), -1)
        dropped = torch.mul(p, torch.unsqueeze(masks[torch.add("probs.", torch.str(i))], 0))
        y = torch.matmul(dropped, torch.mul(vi, scale))
        _0 = torch.append(pieces, (self).by_tokens(y, heads, heads))
        start = torch.add(start, n)
      out = torch.cat(pieces)
    else:
      attended = (self).attend(q, k, v, documents, annotate(List[Tensor], []), heads, heads, fused)
      out = attended[0]
    return out
  # -> [q, k, v], each [N, H]
  def gpt2_heads(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], eps: float) -> List[Tensor]:
    qkv = (self).conv1d((self).gpt2_norm(x, w, "ln_1", eps), w, masks, "attn.c_attn")
    q, k, v, = torch.split(qkv, torch.size(x, -1), 1)
    return [torch.contiguous(q), torch.contiguous(k), torch.contiguous(v)]
  # The layer from the attention's output o on.
  def gpt2_rest(self: __torch__.Ops, x: Tensor, o: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], eps: float, act: str, scale: float) -> Tensor:
    a = (self).conv1d(o, w, masks, "attn.c_proj")
    h = torch.add(x, (self).gpt2_dropped(a, masks, "attention_output", scale))
    u = (self).conv1d((self).gpt2_norm(h, w, "ln_2", eps), w, masks, "mlp.c_fc")
    f = (self).conv1d((self).activation(u, act), w, masks, "mlp.c_proj")
    return torch.add(h, (self).gpt2_dropped(f, masks, "output", scale))
  def gpt2_layer(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], documents: List[int], masks: Dict[str, Tensor], heads: int, eps: float, act: str, probs_scale: float, scale: float, fused: bool) -> Tensor:
    q, k, v, = (self).gpt2_heads(x, w, masks, eps)
    o = (self).gpt2_attend(q, k, v, documents, masks, heads, probs_scale, fused)
    return (self).gpt2_rest(x, o, w, masks, eps, act, scale)
  # The layer of whole prompts, whose keys and values go to a cache where they end at end, see cached.py.
  def gpt2_prompts(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], documents: List[int], masks: Dict[str, Tensor], heads: int, eps: float, act: str, fused: bool, keys: Tensor, values: Tensor, end: int) -> Tensor:
    q, k, v, = (self).gpt2_heads(x, w, masks, eps)
    _0 = (self).cache_documents(keys, k, documents, end)
    _1 = (self).cache_documents(values, v, documents, end)
    o = (self).gpt2_attend(q, k, v, documents, masks, heads, 1., fused)
    return (self).gpt2_rest(x, o, w, masks, eps, act, 1.)
  # The layer of one more token of each cached sequence. x [B, H]
  def gpt2_token(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], eps: float, act: str, keys: Tensor, values: Tensor, begin: int, at: int, bias: List[Tensor]) -> Tensor:
    q, k, v, = (self).gpt2_heads(x, w, masks, eps)
    o = (self).attend_cached(q, k, v, keys, values, begin, at, bias)
    return (self).gpt2_rest(x, o, w, masks, eps, act, 1.)
  def gpt2_head(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], places: Tensor, eps: float) -> Tensor:
    return (self).gpt2_norm(torch.index_select(x, 0, places), w, "ln_f", eps)
