"""Writes private.safetensors of bert-lora-qv: clipped sums of Opacus. Needs opacus 1.6.0, peft, transformers."""

from pathlib import Path

import torch
from opacus import GradSampleModule
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import BertForSequenceClassification

HERE = Path(__file__).parent
FOLDER = HERE / "bert-lora-qv"

expected = load_file(FOLDER / "expected.safetensors")
base = BertForSequenceClassification.from_pretrained(
    HERE.parent / "models" / "bert-seqcls", attn_implementation="eager", num_labels=3
)
model = PeftModel.from_pretrained(base, FOLDER, is_trainable=True).train()
for module in model.modules():
    if isinstance(module, torch.nn.Dropout):
        module.p = 0.0
private = GradSampleModule(model, loss_reduction="sum", strict=False)
logits = private(**{name: expected[name] for name in ("input_ids", "attention_mask", "token_type_ids")}).logits
torch.nn.functional.cross_entropy(logits, expected["labels"], reduction="sum").backward()

trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
norms = torch.stack([p.grad_sample.flatten(1).norm(dim=1) for p in trained.values()], 1).norm(dim=1)
# Opacus' factor: half of the samples are clipped.
most = norms.median()
factors = (most / (norms + 1e-6)).clamp(max=1.0)
sums = {
    "sum." + name.replace(".modules_to_save", "").replace(".default", ""): torch.einsum(
        "i,i...->...", factors, p.grad_sample
    ).contiguous()
    for name, p in trained.items()
}
save_file({"norms": norms.detach(), "max_grad_norm": most.detach().view(1), **sums}, FOLDER / "private.safetensors")
