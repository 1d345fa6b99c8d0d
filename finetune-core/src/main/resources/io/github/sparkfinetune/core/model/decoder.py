  # What decoders share: documents side by side in one row of N tokens, attention within each document.
  # Rows of tokens start..end as [1, heads, L, d]; kv heads are repeated for the query heads that share them.
  def document(self: __torch__.Ops, x: Tensor, start: int, end: int, n: int, heads: int) -> Tensor:
    y = torch.view(torch.slice(x, 0, start, end), [torch.sub(end, start), n, -1])
    if torch.eq(n, heads):
      z = y
    else:
      repeated = torch.expand(torch.unsqueeze(y, 2), [-1, -1, torch.floordiv(heads, n), -1])
      z = torch.reshape(repeated, [torch.sub(end, start), heads, -1])
    return torch.unsqueeze(torch.transpose(z, 0, 1), 0)
  # [1, heads, L, d] -> [L, n d]; what was repeated is added up.
  def undocument(self: __torch__.Ops, x: Tensor, n: int, heads: int) -> Tensor:
    if torch.eq(n, heads):
      y = x[0]
    else:
      y = torch.sum(torch.view(torch.contiguous(x[0]), [n, torch.floordiv(heads, n), torch.size(x, 2), -1]), [1])
    return torch.reshape(torch.transpose(y, 0, 1), [torch.size(x, 2), -1])
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
  # Causal attention of each document. q [N, heads d], k and v [N, kv d]; windows: empty, or for each document a bias
  # [L, L] or nothing. -> [o [N, heads d], and with the fused CPU kernel the log-sum-exp of each document]
  def attend(self: __torch__.Ops, q: Tensor, k: Tensor, v: Tensor, documents: List[int], windows: List[Tensor], heads: int, kv: int, fused: bool) -> List[Tensor]:
    pieces = annotate(List[Tensor], [])
    rest = annotate(List[Tensor], [])
    start = 0
    for i in range(torch.len(documents)):
      end = torch.add(start, documents[i])
      qi = (self).document(q, start, end, heads, heads)
      ki = (self).document(k, start, end, kv, heads)
      vi = (self).document(v, start, end, kv, heads)
      if torch.eq(torch.len(windows), 0):
        windowed = False
      else:
        windowed = torch.gt(torch.numel(windows[i]), 0)
      if fused:
        if windowed:
          o, lse = torch._scaled_dot_product_flash_attention_for_cpu(qi, ki, vi, 0., False, attn_mask=windows[i])
        else:
          o, lse = torch._scaled_dot_product_flash_attention_for_cpu(qi, ki, vi, 0., True)
        _0 = torch.append(rest, lse)
        y = o
      else:
        y = (self).plain_attention(qi, ki, vi, windows, i, windowed)
      _1 = torch.append(pieces, torch.reshape(torch.transpose(y[0], 0, 1), [documents[i], -1]))
      start = end
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
    for i in range(torch.len(documents)):
      end = torch.add(start, documents[i])
      qi = (self).document(q, start, end, heads, heads)
      ki = (self).document(k, start, end, kv, heads)
      vi = (self).document(v, start, end, kv, heads)
      gi = (self).document(go, start, end, heads, heads)
      if torch.eq(torch.len(windows), 0):
        windowed = False
      else:
        windowed = torch.gt(torch.numel(windows[i]), 0)
      if fused:
        oi = (self).document(o, start, end, heads, heads)
        if windowed:
          a, b, c = torch._scaled_dot_product_flash_attention_for_cpu_backward(gi, qi, ki, vi, oi, lse[i], 0., False, attn_mask=windows[i])
        else:
          a, b, c = torch._scaled_dot_product_flash_attention_for_cpu_backward(gi, qi, ki, vi, oi, lse[i], 0., True)
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
      _0 = torch.append(gq, (self).undocument(g0, heads, heads))
      _1 = torch.append(gk, (self).undocument(g1, kv, heads))
      _2 = torch.append(gv, (self).undocument(g2, kv, heads))
      start = end
    return [torch.cat(gq), torch.cat(gk), torch.cat(gv)]
