"""Writes losses.json: PyTorch's losses of texts, with weights of the labels, and the gradients of the logits."""

import json
import pathlib

import torch

torch.manual_seed(1)
torch.set_num_threads(1)
cases = []


def add(problem, logits, targets, weight, criterion, target):
    z = logits.clone().requires_grad_(True)
    loss = criterion(z, target)
    loss.backward()
    tensors = dict(logits=logits, targets=targets, weight=weight, gradient=z.grad)
    cases.append({"problem": problem, "loss": loss.item()} | {name: t.tolist() for name, t in tensors.items()})


for samples, labels, spread in [(1, 2, 1), (7, 3, 1), (9, 4, 30)]:
    logits = spread * torch.randn(samples, labels)
    weight = 0.1 + 3 * torch.rand(labels)
    label = torch.randint(labels, (samples,))
    add("single", logits, label.unsqueeze(1).double(), weight, torch.nn.CrossEntropyLoss(weight), label)
    several = torch.randint(2, (samples, labels)).float()
    add("multi", logits, several, weight, torch.nn.BCEWithLogitsLoss(pos_weight=weight), several)
    number = spread * torch.randn(samples, 1)
    add("regression", logits[:, :1], number, weight[:1], torch.nn.MSELoss(), number)

file = pathlib.Path(__file__).with_name("losses.json")
file.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
