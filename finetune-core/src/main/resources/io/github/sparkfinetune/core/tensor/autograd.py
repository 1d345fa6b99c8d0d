  # Gradients of one block: of its input (none where nothing below is trained) and of its trained parameters, which are
  # copied or added into their places in the gradient buffer. A parameter that the loss does not reach gets zeros.
  def backward(self: __torch__.Ops, y: Tensor, gy: Tensor, x: List[Tensor], parameters: List[Tensor], gradients: List[Tensor], add: bool) -> List[Tensor]:
    inputs = torch.add(x, parameters)
    found = torch.grad([y], inputs, annotate(List[Optional[Tensor]], [gy]), None, False, True)
    n = torch.len(x)
    gx = annotate(List[Tensor], [])
    for i in range(n):
      g = found[i]
      if torch.__is__(g, None):
        _0 = torch.append(gx, torch.zeros_like(x[i]))
      else:
        _1 = torch.append(gx, unchecked_cast(Tensor, g))
    for i in range(torch.len(parameters)):
      g = found[torch.add(n, i)]
      if torch.__is__(g, None):
        if add:
          pass
        else:
          _2 = torch.zero_(gradients[i])
      else:
        if add:
          _3 = torch.add_(gradients[i], unchecked_cast(Tensor, g))
        else:
          _4 = torch.copy_(gradients[i], unchecked_cast(Tensor, g))
    return gx
  # The same values without their history, as the start of a new graph.
  def leaf(self: __torch__.Ops, x: Tensor) -> Tensor:
    return torch.requires_grad_(torch.detach(x), True)
  # Consecutive pieces of a flat tensor, in the shapes of others.
  def pieces(self: __torch__.Ops, flat: Tensor, like: List[Tensor]) -> List[Tensor]:
    out = annotate(List[Tensor], [])
    start = 0
    for i in range(torch.len(like)):
      n = torch.numel(like[i])
      _0 = torch.append(out, torch.view(torch.slice(flat, 0, start, torch.add(start, n)), torch.size(like[i])))
      start = torch.add(start, n)
    return out
  def norm(self: __torch__.Ops, x: Tensor) -> Tensor:
    return torch.linalg_vector_norm(x)
  def copy(self: __torch__.Ops, target: Tensor, source: Tensor) -> Tensor:
    return torch.copy_(target, source)
  def zero(self: __torch__.Ops, x: Tensor) -> Tensor:
    return torch.zero_(x)
  # Row gradients of an embedding table: only looked-up rows are not zero.
  def add_rows(self: __torch__.Ops, rows: Tensor, places: Tensor, g: Tensor) -> Tensor:
    return torch.index_add_(rows, 0, places, torch.view(g, [-1, torch.size(rows, 1)]))
  def set_rows(self: __torch__.Ops, table: Tensor, ids: Tensor, rows: Tensor) -> Tensor:
    return torch.index_copy_(table, 0, ids, rows)
  def clear_rows(self: __torch__.Ops, table: Tensor, ids: Tensor) -> Tensor:
    return torch.index_fill_(table, 0, ids, 0)
  # Adds the gradients of looked-up rows, but for the padding token's (-1: there is none).
  def add_lookups(self: __torch__.Ops, table: Tensor, ids: Tensor, g: Tensor, padding: int) -> Tensor:
    flat = torch.view(ids, [-1])
    rows = torch.view(g, [-1, torch.size(table, 1)])
    if torch.ge(padding, 0):
      kept = torch.mul(rows, torch.unsqueeze(torch.ne(flat, padding), 1))
    else:
      kept = rows
    return torch.index_add_(table, 0, flat, kept)
