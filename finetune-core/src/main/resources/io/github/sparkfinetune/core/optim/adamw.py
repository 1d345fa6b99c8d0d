  def adamw(self: __torch__.Ops, p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], step: Tensor, scale: Tensor, lr: float, beta1: float, beta2: float, eps: float, decay: float) -> Tensor:
    steps = annotate(List[Tensor], [])
    for i in range(torch.len(p)):
      _0 = torch.append(steps, step)
    torch._fused_adamw_(p, g, m, v, [], steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, eps=eps, amsgrad=False, maximize=False, grad_scale=scale)
    return step
