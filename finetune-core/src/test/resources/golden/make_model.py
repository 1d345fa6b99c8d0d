"""Writes models/NAME, a tiny random model of a family with transformers' numbers for it.

make_model.py NAME CLASS LIKE [KEY=JSON ...]

CLASS is a class of transformers, LIKE a folder of models/ that gives tokenizer, batch and the values of the
configuration, which KEY=JSON changes (null removes the key). tokens=N keeps the first N tokens of the batch. Of a
multimodal CLASS these values are those of the text part, and text is all that it sees; KEY may be vision_config, or
another key of the whole with a dot before it. Matrices are normal with a deviation of 0.15, weights of norms 1 + 0.3
times normal, biases 0.2 times normal. One thread, F32, eager attention, without dropout. expected.safetensors has the
batch, logits, loss, gradients, the parameters after three steps of AdamW on the batch, and losses, norms and rates of
ten steps on a linear schedule.

    make_model.py camembert-mlm CamembertForMaskedLM xlm-roberta-mlm
    make_model.py deberta-v3-qa-21 DebertaV2ForQuestionAnswering deberta-v3-qa tokens=21
    make_model.py gemma3-multimodal Gemma3ForConditionalGeneration gemma3 \\
        hidden_size=24 intermediate_size=32 num_hidden_layers=2 \\
        tokens=16 'layer_types=["sliding_attention", "full_attention"]' rope_theta=50000.0 rope_local_base_freq=500.0 \\
        'rope_scaling={"rope_type": "linear", "factor": 8.0}' .mm_tokens_per_image=4

The folders *-saved-by-5 are written with requirements-5.txt, all files by transformers 5; make_saved_by_5.sh has their
commands.
"""

import copy
import json
import pathlib
import shutil
import sys
import zlib

import torch
import transformers
from make_bf16_noise import INPUTS, OUTPUTS
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent / "models"
RATE, DECAY, CLIP, STEPS, WARMUP = 1e-3, 0.01, 1.0, 10, 2
# Of the other model alone.
ITS_OWN = ("architectures", "model_type", "transformers_version", "dtype")
TOKENIZER = ("tokenizer", "special_tokens_map", "chat_template", "vocab", "merges")
VISION = {
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "head_dim": 8,
    "image_size": 16,
    "patch_size": 8,
}


def changed(values, changes, kind):
    """The values of the configuration of a model of that class."""
    whole = "text_config" in getattr(kind.config_class, "sub_configs", {})
    outer = {"vision_config": VISION}
    for key, value in changes.items():
        changed = outer if whole and (key == "vision_config" or key.startswith(".")) else values
        if value is None:
            changed.pop(key, None)
        else:
            changed[key.removeprefix(".")] = value
    return {**outer, "text_config": values} if whole else values


def random_model(name, kind, values):
    config = kind.config_class(**values)
    config._attn_implementation = "eager"
    model = kind(config).eval()
    draw = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            normal = torch.randn(parameter.shape, generator=draw)
            if parameter.dim() > 1:
                parameter.copy_(0.15 * normal)
            elif "norm" in parameter_name.lower() and parameter_name.endswith("weight"):
                parameter.copy_(1 + 0.3 * normal)
            else:
                parameter.copy_(0.2 * normal)
    return model


def optimizer(model, decayed):
    groups = ([], [])
    for name, parameter in model.named_parameters():
        groups[name not in decayed].append(parameter)
    parts = [{"params": groups[0], "weight_decay": DECAY}, {"params": groups[1], "weight_decay": 0.0}]
    return torch.optim.AdamW(parts, lr=RATE, betas=(0.9, 0.999), eps=1e-8)


def steps(model, batch, decayed, number, scheduled):
    """(loss, norm of the gradients before they are clipped, rate) of each step, taken one after the other."""
    update = optimizer(model, decayed)
    schedule = transformers.get_linear_schedule_with_warmup(update, WARMUP, STEPS) if scheduled else None
    for _ in range(number):
        update.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        rate = update.param_groups[0]["lr"]
        update.step()
        if scheduled:
            schedule.step()
        yield loss.detach().reshape(1), norm.reshape(1), rate


def save_tokenizer(other, target):
    """The other model's, as transformers 5 writes it, before that as it is."""
    if int(transformers.__version__.partition(".")[0]) < 5:
        for file in other.iterdir():
            if file.name.startswith(TOKENIZER):
                shutil.copy(file, target)
        return
    transformers.AutoTokenizer.from_pretrained(other).save_pretrained(target)


def main(name, kind, like, *changes):
    torch.set_num_threads(1)
    other = HERE / like
    values = {
        key: value for key, value in json.loads((other / "config.json").read_text()).items() if key not in ITS_OWN
    }
    changes = {key: json.loads(value) for key, _, value in (change.partition("=") for change in changes)}
    tokens = changes.pop("tokens", None)
    cls = getattr(transformers, kind)
    model = random_model(name, cls, changed(values, changes, cls))
    golden = load_file(other / "expected.safetensors")
    batch = {key: golden[key] for key in INPUTS if key in golden}
    wide = batch["input_ids"].shape
    batch = {key: value[:, :tokens].contiguous() if value.shape == wide else value for key, value in batch.items()}
    decayed = transformers.Trainer.get_decay_parameter_names(None, model)

    target = HERE / name
    target.mkdir()
    model.save_pretrained(target)
    save_tokenizer(other, target)

    reference = dict(batch)
    output = model(**batch)
    output.loss.backward()
    reference.update({key: output[key].detach() for key in OUTPUTS if key in output})
    reference["loss"] = output.loss.detach().reshape(1)
    # Of a multimodal model only the text part has gradients.
    names = [key for key, value in model.named_parameters() if value.grad is not None]
    reference.update({f"grad.{key}": model.get_parameter(key).grad.clone() for key in names})
    start = copy.deepcopy(model)
    for number, (loss, norm, _) in enumerate(steps(model, batch, decayed, 3, False), 1):
        reference[f"loss.step{number}"], reference[f"grad_norm.step{number}"] = loss, norm
    reference.update({f"step3.{key}": model.get_parameter(key).detach().clone() for key in names})
    losses, norms, rates = zip(*steps(start, batch, decayed, STEPS, True), strict=True)
    reference["losses10"], reference["grad_norms10"] = torch.cat(losses), torch.cat(norms)
    reference["lrs10"] = torch.tensor(rates, dtype=torch.float64)
    save_file(
        {key: value.contiguous() for key, value in reference.items()}, target / "expected.safetensors", {"format": "pt"}
    )
    expected = json.loads((other / "expected.json").read_text())
    described = {
        "architecture": kind,
        "task": expected["task"],
        "tokenizer": expected["tokenizer"],
        "optimizer": {"lr": RATE, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": DECAY, "clip": CLIP},
        "no_decay": [key for key in names if key not in decayed],
        "parameters": names,
    }
    (target / "expected.json").write_text(json.dumps(described, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
