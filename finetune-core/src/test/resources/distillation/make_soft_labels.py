"""Writes soft_labels.json: ten steps of the golden bert-seqcls with a teacher's probabilities, in plain PyTorch.

    python make_soft_labels.py

The teacher's logits are random numbers. Some rows have no label, and only the teacher counts for them.
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

HERE = pathlib.Path(__file__).parent
MODEL = HERE.parent / "golden/models/bert-seqcls"
RATE = 1e-3
STEPS = 10
NONE = -100
RUNS = {
    "plain": {"weight": 0.5, "temperature": 1.0, "class_weight": None, "unlabelled": []},
    "weighted": {"weight": 0.7, "temperature": 2.5, "class_weight": 0.5, "unlabelled": [1]},
    "unlabelled": {"weight": 0.5, "temperature": 2.0, "class_weight": None, "unlabelled": [0, 1, 2, 3]},
    "alone": {"weight": 1.0, "temperature": 2.0, "class_weight": None, "unlabelled": [2]},
}


def losses(batch, labels, teacher, class_weight, weight, temperature):
    """Losses of the steps, and the gradient of the classifier in the first step."""
    model = AutoModelForSequenceClassification.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager")
    model.eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.0)
    steps, first = [], None
    for _ in range(STEPS):
        logits = model(**batch).logits
        soft = F.kl_div(
            F.log_softmax(logits / temperature, -1), F.softmax(teacher / temperature, -1), reduction="batchmean"
        )
        loss = weight * temperature**2 * soft
        if (labels != NONE).any():
            loss = loss + (1 - weight) * F.cross_entropy(logits, labels, class_weight)
        optimizer.zero_grad()
        loss.backward()
        if first is None:
            first = model.classifier.weight.grad.clone()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        steps.append(loss.item())
    return steps, first


def main():
    torch.set_num_threads(1)
    golden = load_file(MODEL / "expected.safetensors")
    batch = {key: golden[key] for key in ("input_ids", "attention_mask", "token_type_ids")}
    classes = golden["logits"].size(1)
    torch.manual_seed(7)
    teacher = 2 * torch.randn(golden["logits"].shape)
    content = {"teacher": teacher.tolist(), "runs": {}}
    for run, settings in RUNS.items():
        labels = golden["labels"].clone()
        labels[settings["unlabelled"]] = NONE
        class_weight = None
        if settings["class_weight"]:
            class_weight = torch.ones(classes)
            class_weight[0] = settings["class_weight"]
        steps, gradient = losses(batch, labels, teacher, class_weight, settings["weight"], settings["temperature"])
        content["runs"][run] = settings | {"losses": steps, "gradient": gradient.view(-1).tolist()}
    (HERE / "soft_labels.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
