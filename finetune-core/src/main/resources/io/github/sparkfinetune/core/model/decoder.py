  # What decoders share: documents side by side in one row of N tokens, attention within each document; those of one length
  # that follow each other share a call.
  # The tokens from start on of some documents of n tokens each, as [documents, heads, n, d]; kv heads are repeated for the
  # query heads that share them.
  def by_heads(self: __torch__.Ops, x: Tensor, start: int, documents: int, n: int, kv: int, heads: int) -> Tensor:
    y = torch.view(torch.slice(x, 0, start, torch.add(start, torch.mul(documents, n))), [documents, n, kv, -1])
    if torch.eq(kv, heads):
      z = y
    else:
      repeated = torch.expand(torch.unsqueeze(y, 3), [-1, -1, -1, torch.floordiv(heads, kv), -1])
      z = torch.reshape(repeated, [documents, n, heads, -1])
    return torch.transpose(z, 1, 2)
  # [documents, heads, n, d] -> [documents n, kv d]; what was repeated is added up.
  def by_tokens(self: __torch__.Ops, x: Tensor, kv: int, heads: int) -> Tensor:
    documents = torch.size(x, 0)
    n = torch.size(x, 2)
    if torch.eq(kv, heads):
      y = x
    else:
      y = torch.sum(torch.view(torch.contiguous(x), [documents, kv, torch.floordiv(heads, kv), n, -1]), [2])
    return torch.reshape(torch.transpose(y, 1, 2), [torch.mul(documents, n), -1])
  # Whether a document is longer than the sliding window.
  def is_windowed(self: __torch__.Ops, windows: List[Tensor], i: int) -> bool:
    if torch.eq(torch.len(windows), 0):
      y = False
    else:
      y = torch.gt(torch.numel(windows[i]), 0)
    return y
  # Causal attention of one document by PyTorch's own choice of kernel.
  def plain_attention(self: __torch__.Ops, q: Tensor, k: Tensor, v: Tensor, windows: List[Tensor], i: int, windowed: bool) -> Tensor:
    q1 = (self).attention_input(q)
    k1 = (self).attention_input(k)
    v1 = (self).attention_input(v)
    if windowed:
      y = torch.scaled_dot_product_attention(q1, k1, v1, (self).attention_input(windows[i]), 0., False)
    else:
      y = torch.scaled_dot_product_attention(q1, k1, v1, None, 0., True)
    return torch.to(y, 6)
  # How many documents from i on are as long as it: without windows one call computes them together.
  def alike(self: __torch__.Ops, documents: List[int], windows: List[Tensor], i: int) -> int:
    n = 1
    if torch.__not__((self).is_windowed(windows, i)):
      same = True
      for j in range(torch.add(i, 1), torch.len(documents)):
        same = torch.__and__(same, torch.eq(documents[j], documents[i]))
        if same:
          n = torch.add(n, 1)
        else:
          pass
    else:
      pass
    return n
  # Causal attention of each document. q [N, heads d], k and v [N, kv d]; windows: empty, or for each document a bias
  # [L, L] or nothing. -> [o [N, heads d], and with the fused CPU kernel the log-sum-exp of each call]
  def attend(self: __torch__.Ops, q: Tensor, k: Tensor, v: Tensor, documents: List[int], windows: List[Tensor], heads: int, kv: int, fused: bool) -> List[Tensor]:
    pieces = annotate(List[Tensor], [])
    rest = annotate(List[Tensor], [])
    start = 0
    next = 0
    for i in range(torch.len(documents)):
      if torch.eq(i, next):
        n = documents[i]
        many = (self).alike(documents, windows, i)
        qi = (self).by_heads(q, start, many, n, heads, heads)
        ki = (self).by_heads(k, start, many, n, kv, heads)
        vi = (self).by_heads(v, start, many, n, kv, heads)
        windowed = (self).is_windowed(windows, i)
        if fused:
          if windowed:
            o, lse = torch._scaled_dot_product_flash_attention_for_cpu(qi, ki, vi, 0., False, attn_mask=windows[i])
          else:
            o, lse = torch._scaled_dot_product_flash_attention_for_cpu(qi, ki, vi, 0., True)
          _0 = torch.append(rest, lse)
          y = o
        else:
          y = (self).plain_attention(qi, ki, vi, windows, i, windowed)
        _1 = torch.append(pieces, (self).by_tokens(y, heads, heads))
        start = torch.add(start, torch.mul(many, n))
        next = torch.add(i, many)
      else:
        pass
    if torch.eq(torch.len(pieces), 1):
      out = pieces[0]
    else:
      out = torch.cat(pieces)
    return torch.add([out], rest)
  # Gradients [q, k, v] of attend. Without the fused kernel a document's attention is computed again and differentiated,
  # which needs the thread's gradient mode.
  def attend_back(self: __torch__.Ops, go: Tensor, q: Tensor, k: Tensor, v: Tensor, o: Tensor, lse: List[Tensor], documents: List[int], windows: List[Tensor], heads: int, kv: int, fused: bool) -> List[Tensor]:
    gq = annotate(List[Tensor], [])
    gk = annotate(List[Tensor], [])
    gv = annotate(List[Tensor], [])
    start = 0
    next = 0
    for i in range(torch.len(documents)):
      if torch.eq(i, next):
        n = documents[i]
        many = (self).alike(documents, windows, i)
        qi = (self).by_heads(q, start, many, n, heads, heads)
        ki = (self).by_heads(k, start, many, n, kv, heads)
        vi = (self).by_heads(v, start, many, n, kv, heads)
        gi = (self).by_heads(go, start, many, n, heads, heads)
        windowed = (self).is_windowed(windows, i)
        if fused:
          oi = (self).by_heads(o, start, many, n, heads, heads)
          l = lse[torch.len(gq)]
          if windowed:
            a, b, c = torch._scaled_dot_product_flash_attention_for_cpu_backward(gi, qi, ki, vi, oi, l, 0., False, attn_mask=windows[i])
          else:
            a, b, c = torch._scaled_dot_product_flash_attention_for_cpu_backward(gi, qi, ki, vi, oi, l, 0., True)
          g0 = a
          g1 = b
          g2 = c
        else:
          q1 = torch.requires_grad_(torch.detach(qi), True)
          k1 = torch.requires_grad_(torch.detach(ki), True)
          v1 = torch.requires_grad_(torch.detach(vi), True)
          y = (self).plain_attention(q1, k1, v1, windows, i, windowed)
          found = torch.grad([y], [q1, k1, v1], annotate(List[Optional[Tensor]], [gi]))
          g0 = unchecked_cast(Tensor, found[0])
          g1 = unchecked_cast(Tensor, found[1])
          g2 = unchecked_cast(Tensor, found[2])
        _0 = torch.append(gq, (self).by_tokens(g0, heads, heads))
        _1 = torch.append(gk, (self).by_tokens(g1, kv, heads))
        _2 = torch.append(gv, (self).by_tokens(g2, kv, heads))
        start = torch.add(start, torch.mul(many, n))
        next = torch.add(i, many)
      else:
        pass
    if torch.eq(torch.len(gq), 1):
      g = [gq[0], gk[0], gv[0]]
    else:
      g = [torch.cat(gq), torch.cat(gk), torch.cat(gv)]
    return g
