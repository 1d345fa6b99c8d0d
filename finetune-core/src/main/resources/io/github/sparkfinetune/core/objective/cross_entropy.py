  # Summed cross-entropy over the rows whose label is not -100, and its gradient times scale.
  # logits [..., classes], labels [...] -> [sum], d(scale * sum) / d(logits)
  def cross_entropy(self: __torch__.Ops, logits: Tensor, labels: Tensor, scale: float) -> List[Tensor]:
    z = torch.view(torch.detach(logits), [-1, torch.size(logits, -1)])
    y = torch.view(labels, [-1])
    kept = torch.unsqueeze(torch.ne(y, -100), 1)
    target = torch.unsqueeze(torch.clamp(y, min=0), 1)
    logp = torch.log_softmax(z, -1)
    loss = torch.neg(torch.sum(torch.mul(torch.gather(logp, 1, target), kept)))
    g = torch.scatter_add(torch.exp(logp), 1, target, torch.neg(torch.ones_like(target, dtype=6)))
    g1 = torch.view(torch.mul(torch.mul(g, kept), scale), torch.size(logits))
    return [torch.unsqueeze(loss, 0), g1]
