"""Writes models/NAME/private.safetensors: norms, products and clipped sums of the samples' gradients of all weights.

make_private.py NAME ...

The loss of a sample is the mean over its own labels. max_grad_norm is the median of the norms, so that half of the
samples are clipped, by Opacus' factor min(1, C / (norm + 1e-6)). The gradient of a sample is PyTorch's for a batch of
the sample alone, without its padding. For the models of OPACUS the script compares it with Opacus' grad_sample, to 1e-5
of the norm. Opacus has no rule for weights that several modules read, for RMS norms, and for a position table without
an index for each token of each sample (DistilBERT). Needs opacus 1.6.0 and transformers 4.57.6.
"""

import sys
from pathlib import Path

import torch
import transformers
from opacus import GradSampleModule
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

HERE = Path(__file__).parent / "models"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OPACUS = ("bert-seqcls", "bert-tokencls", "roberta-seqcls", "electra-seqcls")


def loaded(name):
    config = transformers.AutoConfig.from_pretrained(HERE / name)
    config._attn_implementation = "eager"
    return getattr(transformers, config.architectures[0]).from_pretrained(HERE / name, config=config).eval()


def gradients_alone(model, batch):
    """The gradients of each sample: a dictionary for each."""
    samples = []
    for i in range(len(batch["input_ids"])):
        length = int(batch["attention_mask"][i].sum())
        # The padding of an answer's text is part of its loss, as in the reference of the batch.
        length = batch["input_ids"].size(1) if "start_positions" in batch else length
        one = {key: value[i : i + 1] for key, value in batch.items()}
        one = {key: value[:, :length] if value.dim() > 1 else value for key, value in one.items()}
        model.zero_grad()
        model(**one).loss.backward()
        samples.append({key: p.grad.clone() for key, p in model.named_parameters()})
    return samples


def gradients_of_opacus(model, batch):
    """As gradients_alone; Opacus needs a position for each token of each sample."""
    private = GradSampleModule(model.train(), loss_reduction="sum", strict=False)
    inputs = {key: batch[key] for key in INPUTS if key in batch}
    if "position_ids" in model.forward.__code__.co_varnames and not model.config.model_type.endswith("roberta"):
        inputs["position_ids"] = torch.arange(inputs["input_ids"].size(1)).expand_as(inputs["input_ids"])
    logits, labels = private(**inputs).logits, batch["labels"]
    if labels.dim() == 1:
        loss = cross_entropy(logits, labels, reduction="sum")
    else:
        loss = sum(cross_entropy(z, y) for z, y in zip(logits, labels, strict=True))
    loss.backward()
    count = len(batch["input_ids"])
    return [{key: p.grad_sample[i] for key, p in model.named_parameters()} for i in range(count)]


def compare(samples, others):
    for sample, other in zip(samples, others, strict=True):
        norm = torch.stack([g.norm() for g in sample.values()]).norm()
        for key, g in sample.items():
            assert (g - other[key]).abs().max() <= 1e-5 * norm, key


def main(name):
    torch.set_num_threads(1)
    expected = load_file(HERE / name / "expected.safetensors")
    batch = {key: expected[key] for key in (*INPUTS, "labels", "start_positions", "end_positions") if key in expected}
    samples = gradients_alone(loaded(name), batch)
    if name in OPACUS:
        compare(samples, gradients_of_opacus(loaded(name), batch))
    norms = torch.stack([torch.stack([g.norm() for g in sample.values()]).norm() for sample in samples])
    flat = torch.stack([torch.cat([g.flatten() for g in sample.values()]) for sample in samples]).double()
    most = norms.median()
    factors = (most / (norms + 1e-6)).clamp(max=1.0)
    sums = {
        "sum." + key: torch.stack([f * sample[key] for f, sample in zip(factors, samples, strict=True)]).sum(0)
        for key in samples[0]
    }
    values = {"norms": norms, "products": (flat @ flat.t()).float(), "max_grad_norm": most.view(1)}
    save_file({**values, **sums}, HERE / name / "private.safetensors")
    print(name, norms.tolist())


for each in sys.argv[1:]:
    main(each)
