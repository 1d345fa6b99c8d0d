  # A dropout site: the mask's dtype is bool (1 byte kept for backward, not 4), the rest scaled by 1 / (1 - p).
  def dropped(self: __torch__.Ops, x: Tensor, masks: Dict[str, Tensor], site: str, scale: float) -> Tensor:
    if torch.__contains__(masks, site):
      y = torch.mul(torch.mul(x, masks[site]), scale)
    else:
      y = x
    return y
  # residual + dropout(x)
  def residual(self: __torch__.Ops, r: Tensor, x: Tensor, masks: Dict[str, Tensor], site: str, scale: float) -> Tensor:
    if torch.__contains__(masks, site):
      y = torch.add(r, torch.mul(x, masks[site]), alpha=scale)
    else:
      y = torch.add(r, x)
    return y
  def layer_norm(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], name: str, eps: float) -> Tensor:
    return torch.layer_norm(x, [torch.size(x, -1)], w[torch.add(name, ".weight")], w[torch.add(name, ".bias")], eps)
  def activation(self: __torch__.Ops, x: Tensor, name: str) -> Tensor:
    if torch.eq(name, "gelu"):
      y = torch.gelu(x)
    elif torch.__contains__(["gelu_new", "gelu_pytorch_tanh"], name):
      y = torch.gelu(x, approximate="tanh")
    elif torch.eq(name, "relu"):
      y = torch.relu(x)
    else:
      y = torch.tanh(x)
    return y
  # [B, T, H] -> [B, heads, T, H / heads]
  def heads(self: __torch__.Ops, x: Tensor, n: int) -> Tensor:
    return torch.transpose(torch.view(x, [torch.size(x, 0), torch.size(x, 1), n, -1]), 1, 2)
  # Attention over all tokens; bias is empty or one [B, 1, 1, T] of 0 and -inf. With dropout on its probabilities it is
  # written out, because the fused kernel takes no mask of our own; the scale goes into the values, the smallest factor.
  def attention(self: __torch__.Ops, q: Tensor, k: Tensor, v: Tensor, bias: List[Tensor], masks: Dict[str, Tensor], scale: float) -> Tensor:
    if torch.__contains__(masks, "probs"):
      s = torch.matmul(torch.mul(q, torch.pow(float(torch.size(q, -1)), -0.5)), torch.transpose(k, -2, -1))
      if torch.gt(torch.len(bias), 0):
        s1 = torch.add_(s, bias[0])
      else:
        s1 = s
      p = torch.softmax(s1, -1)
      y = torch.matmul(torch.mul(p, masks["probs"]), torch.mul(v, scale))
    else:
      if torch.gt(torch.len(bias), 0):
        y = torch.scaled_dot_product_attention(q, k, v, bias[0], 0., False)
      else:
        y = torch.scaled_dot_product_attention(q, k, v, None, 0., False)
    return torch.reshape(torch.transpose(y, 1, 2), [torch.size(q, 0), torch.size(q, 2), -1])
  def lookup(self: __torch__.Ops, table: Tensor, ids: Tensor) -> Tensor:
    return torch.embedding(table, ids)
  # Looked-up word rows -> the encoder's first hidden state, widened where the embeddings are narrower.
  def embeddings(self: __torch__.Ops, rows: Tensor, w: Dict[str, Tensor], positions: Tensor, types: Tensor, masks: Dict[str, Tensor], eps: float, scale: float) -> Tensor:
    if torch.__contains__(w, "type.weight"):
      x = torch.add(rows, torch.embedding(w["type.weight"], types))
    else:
      x = rows
    x1 = torch.add(x, torch.embedding(w["position.weight"], positions))
    x2 = (self).dropped((self).layer_norm(x1, w, "norm", eps), masks, "embeddings", scale)
    if torch.__contains__(w, "projection.weight"):
      y = (self).linear(x2, w, masks, "projection")
    else:
      y = x2
    return y
  # One post-norm transformer layer.
  def layer(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], bias: List[Tensor], masks: Dict[str, Tensor], n: int, eps: float, act: str, probs_scale: float, scale: float) -> Tensor:
    q = (self).heads((self).linear(x, w, masks, "query"), n)
    k = (self).heads((self).linear(x, w, masks, "key"), n)
    v = (self).heads((self).linear(x, w, masks, "value"), n)
    a = (self).linear((self).attention(q, k, v, bias, masks, probs_scale), w, masks, "attention_output")
    h = (self).layer_norm((self).residual(x, a, masks, "attention_output", scale), w, "attention_norm", eps)
    f = (self).linear((self).activation((self).linear(h, w, masks, "intermediate"), act), w, masks, "output")
    return (self).layer_norm((self).residual(h, f, masks, "output", scale), w, "output_norm", eps)
  # Logits [B, classes] from the first token.
  def sequence_head(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], act: str, scale: float) -> Tensor:
    first = (self).dropped(torch.select(x, 1, 0), masks, "head_input", scale)
    h = (self).activation((self).linear(first, w, masks, "dense"), act)
    return (self).linear((self).dropped(h, masks, "head", scale), w, masks, "classifier")
  # Logits [B, T, classes] of every token.
  def token_head(self: __torch__.Ops, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], act: str, scale: float) -> Tensor:
    return (self).linear((self).dropped(x, masks, "head", scale), w, masks, "classifier")
