  # Generation with a cache: keys and values [B, kv, capacity, d] of B sequences that end at the same place. A sequence
  # begins at its start; what lies before it is zeros and hidden.
  # Copies the rows [N, kv d] of packed documents to where they end at end.
  def cache_documents(self: __torch__.Ops, cache: Tensor, x: Tensor, documents: List[int], end: int) -> Tensor:
    start = 0
    for i in range(torch.len(documents)):
      n = documents[i]
      rows = torch.view(torch.slice(x, 0, start, torch.add(start, n)), [n, torch.size(cache, 1), -1])
      to = torch.slice(torch.select(cache, 0, i), 1, torch.sub(end, n), end)
      _0 = torch.copy_(to, torch.transpose(rows, 0, 1))
      start = torch.add(start, n)
    return cache
  # -> [B, 1, 1, end - begin], 0 where a sequence has begun, else -inf
  def unbegun(self: __torch__.Ops, starts: Tensor, begin: int, end: int) -> Tensor:
    places = torch.arange(begin, end, dtype=4, device=torch.device("cpu"))
    hidden = torch.lt(torch.unsqueeze(torch.to(places, starts), 0), torch.unsqueeze(starts, 1))
    bias = torch.masked_fill(torch.zeros_like(hidden, dtype=6), hidden, -inf)
    return torch.unsqueeze(torch.unsqueeze(bias, 1), 1)
  # Attention of one new token a sequence to itself and to what is cached from begin on; its key and value are cached at
  # place at. q [B, heads d], k and v [B, kv d], bias: none or [B, 1, 1, at + 1 - begin] -> [B, heads d]. The query heads
  # that share a kv head are the rows of one product, so that keys and values are not repeated.
  def attend_cached(self: __torch__.Ops, q: Tensor, k: Tensor, v: Tensor, keys: Tensor, values: Tensor, begin: int, at: int, bias: List[Tensor]) -> Tensor:
    b = torch.size(keys, 0)
    n = torch.size(keys, 1)
    _0 = torch.copy_(torch.select(keys, 2, at), torch.view(k, [b, n, -1]))
    _1 = torch.copy_(torch.select(values, 2, at), torch.view(v, [b, n, -1]))
    seen_keys = torch.slice(keys, 2, begin, torch.add(at, 1))
    seen_values = torch.slice(values, 2, begin, torch.add(at, 1))
    rows = torch.view(q, [b, n, -1, torch.size(keys, 3)])
    if torch.eq(torch.len(bias), 0):
      o = torch.scaled_dot_product_attention(rows, seen_keys, seen_values, None, 0., False)
    else:
      o = torch.scaled_dot_product_attention(rows, seen_keys, seen_values, bias[0], 0., False)
    return torch.reshape(o, [b, -1])
  # The cache with room for more, in new memory.
  def cache_grown(self: __torch__.Ops, cache: Tensor, end: int, capacity: int) -> Tensor:
    shape = [torch.size(cache, 0), torch.size(cache, 1), capacity, torch.size(cache, 3)]
    grown = torch.new_zeros(cache, shape)
    _0 = torch.copy_(torch.slice(grown, 2, 0, end), torch.slice(cache, 2, 0, end))
    return grown
  # Rows of some sequences, in new memory.
  def select_rows(self: __torch__.Ops, x: Tensor, rows: Tensor) -> Tensor:
    return torch.index_select(x, 0, rows)
  # Logits [B, vocabulary] of hidden states [B, H]. The projection has so many rows that few_rows pays for longer.
  def next_logits(self: __torch__.Ops, h: Tensor, projection: Tensor) -> Tensor:
    if torch.le(torch.size(h, 0), 8):
      y = (self).few_rows(h, projection)
    else:
      y = (self).without_graph(h, projection, None)
    return y
