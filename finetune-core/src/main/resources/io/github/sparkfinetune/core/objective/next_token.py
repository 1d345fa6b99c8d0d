  # Next-token cross-entropy from the last hidden states, in chunks, so that the logits [M, vocabulary] are never there as
  # a whole. h [M, H], projection [vocabulary, H], targets [M].
  # -> [sum of the losses, scale * its gradient of h]; that of the projection goes to gw where there is one.
  def next_token_loss(self: __torch__.Ops, h: Tensor, projection: Tensor, targets: Tensor, scale: float, gw: List[Tensor], add: bool, chunk: int) -> List[Tensor]:
    total = torch.zeros([1], dtype=6, device=torch.device("cpu"))
    gh = torch.empty_like(h)
    n = torch.size(h, 0)
    if torch.gt(torch.len(gw), 0):
      if torch.__and__(torch.eq(n, 0), torch.__not__(add)):
        _0 = torch.zero_(gw[0])
      else:
        pass
    else:
      pass
    for i in range(torch.floordiv(torch.sub(torch.add(n, chunk), 1), chunk)):
      start = torch.mul(i, chunk)
      end = torch.add(start, chunk)
      hc = torch.slice(h, 0, start, end)
      target = torch.unsqueeze(torch.slice(targets, 0, start, end), 1)
      z = (self).affine(hc, projection, None)
      # In place: fetching as much memory again from the kernel takes longer than the softmax.
      logp = torch._log_softmax(z, -1, False, out=z)
      total = torch.sub(total, torch.to(torch.sum(torch.gather(logp, 1, target)), total))
      p = torch.exp_(logp)
      g = torch.scatter_add_(p, 1, target, torch.neg(torch.ones_like(target, dtype=6)))
      _1 = torch.mul((self).times(g, projection), scale, out=torch.slice(gh, 0, start, end))
      if torch.gt(torch.len(gw), 0):
        _2 = (self).outer(gw[0], torch.mul_(g, scale), hc, torch.__or__(add, torch.gt(i, 0)))
      else:
        pass
    return [total, gh]
  # The loss of each token [M].
  def next_token_losses(self: __torch__.Ops, h: Tensor, projection: Tensor, targets: Tensor, chunk: int) -> Tensor:
    pieces = annotate(List[Tensor], [])
    for i in range(torch.floordiv(torch.sub(torch.add(torch.size(h, 0), chunk), 1), chunk)):
      start = torch.mul(i, chunk)
      end = torch.add(start, chunk)
      z = (self).affine(torch.slice(h, 0, start, end), projection, None)
      target = torch.unsqueeze(torch.slice(targets, 0, start, end), 1)
      _0 = torch.append(pieces, torch.sub(torch.logsumexp(z, [-1]), torch.squeeze(torch.gather(z, 1, target), 1)))
    return torch.cat(pieces)
