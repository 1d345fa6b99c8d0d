"""Writes gkd.json and gkd.safetensors: ten steps of TRL's GKDTrainer on the golden llama-tied.

    PYTHONPATH=../preference python make_gkd.py

The teacher is the golden llama-untied with its head times SHARPNESS. The run gkd is TRL's own loss (trl 1.16) with
lmbda 0 and beta 0. TRL's trainer leaves out its temperature, so warm calls TRL's divergence with it and adds the
cross-entropy; top does so in plain torch with K drawn tokens, whose offsets are those of the samples in the test: the
second and the third row packed into one, and the first row.
"""

import json
import pathlib
import tempfile

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl.experimental.gkd import GKDConfig, GKDTrainer
from trl_golden import GRADIENTS, MODEL, trained

HERE = pathlib.Path(__file__).parent
TEACHER = MODEL.parent / "llama-untied"
SHARPNESS = 12.0
ROWS = [
    [("user", "What is a license?"), ("assistant", "A permission to use the software.")],
    [("system", "Be brief."), ("user", "Who may copy it?"), ("assistant", "Any person.")],
    [("user", "Is there a warranty?"), ("assistant", "No.")],
]
RUNS = {
    "gkd": {"weight": 1.0, "temperature": 1.0},
    "warm": {"weight": 0.5, "temperature": 2.0},
    "top": {"weight": 0.75, "temperature": 1.5, "top_k": 8},
    "lora": {"weight": 0.5, "temperature": 1.0, "top_k": 8, "peft": True, "learning_rate": 1e-2},
}


PURPOSE = 12
WORD = 2**64 - 1
GAMMA = 0x9E3779B97F4A7C15


def mix(z):
    """The finaliser of SplitMix64."""
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & WORD
    return z ^ (z >> 31)


def offset(sample, place):
    """The random number in [0, 1) of a token with a label."""
    value = mix(GAMMA)
    for index in (PURPOSE, sample, place):
        value = mix(value + GAMMA * (index + 1) & WORD)
    return (value >> 11) * 2.0**-53


def drawn(p, u, count):
    """Weights [V] of a distribution, all but count of them 0, by systematic sampling below the threshold."""
    order = p.argsort(descending=True).tolist()
    sure = 0
    while sure < count and p[order[sure]] * (count - sure) >= p[order[sure:]].sum():
        sure += 1
    weights = torch.zeros_like(p)
    weights[order[:sure]] = p[order[:sure]]
    rest = sorted(order[sure:])
    step = p[rest].sum() / max(1, count - sure)
    before, at = 0.0, u * step
    for token in rest:
        before += p[token]
        if at < before and weights.count_nonzero() < count:
            weights[token] = step
            at += step
    return weights


def divergence(logits, teacher, offsets, temperature, top_k):
    """Sum of KL(drawn weights of the teacher || model) over the rows, at the temperature."""
    p = torch.stack(
        [drawn(t, u, top_k) for t, u in zip(F.softmax(teacher.double() / temperature, -1), offsets, strict=True)]
    )
    return (torch.xlogy(p, p) - p * F.log_softmax(logits / temperature, -1)).sum()


class Taught(GKDTrainer):
    batches = None

    def __init__(self, args, **kwargs):
        args.lmbda = args.beta = 0.0
        teacher = AutoModelForCausalLM.from_pretrained(TEACHER, dtype=torch.float32, attn_implementation="eager")
        teacher.lm_head.weight.data.mul_(SHARPNESS)
        super().__init__(args=args, teacher_model=teacher, **kwargs)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        if Taught.batches is None:
            Taught.batches = [
                {"input_ids": ids[mask.bool()].tolist(), "labels": labels[mask.bool()].tolist()}
                for ids, mask, labels in zip(
                    inputs["input_ids"], inputs["attention_mask"], inputs["labels"], strict=True
                )
            ]
        if self.run == {"weight": 1.0, "temperature": 1.0}:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        weight, temperature = self.run["weight"], self.run["temperature"]
        keys = {key: inputs[key] for key in ("input_ids", "attention_mask")}
        with torch.no_grad():
            teacher = self.teacher_model(**keys).logits[:, :-1]
        logits = model(**keys).logits[:, :-1]
        labels = inputs["labels"][:, 1:]
        mask = labels != -100
        if "top_k" in self.run:
            offsets = self.offsets(inputs, mask)
            soft = divergence(logits[mask], teacher[mask], offsets, temperature, self.run["top_k"]) / mask.sum()
        else:
            soft = self.generalized_jsd_loss(logits, teacher, labels, beta=0.0, temperature=temperature)
        return weight * temperature**2 * soft + (1 - weight) * F.cross_entropy(logits[mask], labels[mask])

    def offsets(self, inputs, mask):
        """Offsets of the tokens with a label of all rows."""
        rows = [row["input_ids"] for row in self.batches]
        counts = [sum(label != -100 for label in row["labels"][1:]) for row in self.batches]
        places = {0: (1, 0), 1: (0, 0), 2: (0, counts[1])}
        offsets = []
        for ids, attended in zip(inputs["input_ids"], inputs["attention_mask"], strict=True):
            row = rows.index(ids[attended.bool()].tolist())
            sample, first = places[row]
            offsets += [offset(sample, first + i) for i in range(counts[row])]
        return offsets


def main():
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    rows = [{"messages": [{"role": role, "content": content} for role, content in row]} for row in ROWS]
    content, tensors = {"sharpness": SHARPNESS, "runs": {}}, {}
    with tempfile.TemporaryDirectory() as work:
        for run, settings in RUNS.items():
            ours = {key: settings[key] for key in ("weight", "temperature", "top_k") if key in settings}
            trainer = type("Run", (Taught,), {"run": ours})
            others = {key: value for key, value in settings.items() if key not in ours}
            noting, start = trained(trainer, GKDConfig, tokenizer, rows, work, **others)
            content["samples"] = Taught.batches
            content["runs"][run] = {"losses": noting.losses}
            for name, gradient in noting.first.items():
                if settings.get("peft") or any(part in name for part in GRADIENTS):
                    tensors[f"{run}/{name}"] = gradient
            tensors |= {f"{run}/start/{name}": value for name, value in start.items()}
    (HERE / "gkd.json").write_text(json.dumps(content, indent=1) + "\n")
    save_file({key: value.contiguous() for key, value in tensors.items()}, HERE / "gkd.safetensors")


if __name__ == "__main__":
    main()
