"""Writes models of decoders with heads that classify, and reference values, in the layout of the other models.

    pip install torch==2.7.1 transformers==4.57.6 safetensors
    python decoder_heads.py

Reads the tokenizer of models/qwen2 and the text of the license. A padding token at the end of a text is text too: the
head of llama-seqcls reads the token before it, as transformers chooses it.
"""

import json
import os
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", CUDA_VISIBLE_DEVICES="")

import torch
import transformers
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
LICENSE = HERE.parents[4] / "LICENSE"
SEED = 20241
LENGTHS = [24, 17, 24, 9]
STD = 0.25
DECODER = dict(
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=128,
    bos_token_id=1,
    eos_token_id=2,
)
MODELS = {
    "llama-seqcls": ("LlamaForSequenceClassification", dict(DECODER, pad_token_id=2, num_labels=3)),
    "qwen2-tokencls": (
        "Qwen2ForTokenClassification",
        dict(DECODER, pad_token_id=0, num_labels=5, classifier_dropout=0.0),
    ),
    "gemma2-seqcls": (
        "Gemma2ForSequenceClassification",
        dict(
            DECODER,
            pad_token_id=0,
            num_labels=3,
            head_dim=12,
            query_pre_attn_scalar=20,
            sliding_window=7,
            attn_logit_softcapping=5.0,
            final_logit_softcapping=3.0,
        ),
    ),
    "gemma3-seqcls": (
        "Gemma3TextForSequenceClassification",
        dict(
            DECODER,
            pad_token_id=0,
            num_labels=3,
            head_dim=12,
            query_pre_attn_scalar=20,
            sliding_window=7,
            layer_types=["sliding_attention", "full_attention"],
            rope_theta=1000000.0,
            rope_local_base_freq=10000.0,
        ),
    ),
    "smollm3-seqcls": (
        "SmolLM3ForSequenceClassification",
        dict(DECODER, pad_token_id=0, num_labels=3, no_rope_layer_interval=2, use_sliding_window=False),
    ),
    "gpt2-seqcls": (
        "GPT2ForSequenceClassification",
        dict(
            n_embd=32,
            n_layer=2,
            n_head=4,
            n_positions=64,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=0,
            eos_token_id=2,
            pad_token_id=2,
            num_labels=3,
        ),
    ),
    "gpt2-tokencls": (
        "GPT2ForTokenClassification",
        dict(
            n_embd=32,
            n_layer=2,
            n_head=4,
            n_positions=64,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            classifier_dropout=0.0,
            bos_token_id=0,
            eos_token_id=2,
            pad_token_id=2,
            num_labels=5,
        ),
    ),
}


def batch_of(task, tokenizer, config, generator):
    """Rows of the license, padded on the right, with labels; one row ends with padding tokens that are text."""
    ids = torch.full((len(LENGTHS), max(LENGTHS)), config.pad_token_id)
    mask = torch.zeros_like(ids)
    text = tokenizer(LICENSE.read_text(), add_special_tokens=False)["input_ids"]
    for row, length in enumerate(LENGTHS):
        ids[row, :length] = torch.tensor(text[100 * row : 100 * row + length])
        mask[row, :length] = 1
    ids[1, LENGTHS[1] - 2 : LENGTHS[1]] = config.pad_token_id
    if task == "tokencls":
        labels = torch.randint(0, config.num_labels, ids.shape, generator=generator)
        labels = labels.masked_fill((mask == 0) | (torch.rand(ids.shape, generator=generator) < 0.25), -100)
    else:
        labels = torch.arange(len(LENGTHS)) % config.num_labels
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def randomise(model, generator):
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if weight.ndim == 1 and name.endswith("weight"):
                weight.copy_(1 + 0.3 * noise)
            else:
                weight.copy_((0.2 if name.endswith("bias") else STD) * noise)


def without_decay(model):
    decay = set(transformers.Trainer.get_decay_parameter_names(None, model))
    return [name for name, _ in model.named_parameters() if name not in decay]


def train(model, batch, steps, warmup=None):
    without = set(without_decay(model))
    groups = [
        {"params": [p for n, p in model.named_parameters() if n not in without], "weight_decay": 0.01},
        {"params": [p for n, p in model.named_parameters() if n in without], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, foreach=False)
    schedule = None if warmup is None else transformers.get_scheduler("linear", optimizer, warmup, steps)
    losses, norms, rates = [], [], []
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        rates.append(optimizer.param_groups[0]["lr"])
        losses.append(loss.item())
        optimizer.step()
        if schedule:
            schedule.step()
    return losses, norms, rates


def values(load, batch):
    """Logits, loss, gradients, three plain steps and ten scheduled steps, as the other models have them."""
    model = load()
    model.eval()
    result = model(**batch)
    result.loss.backward()
    found = {"logits": result.logits, "loss": result.loss.reshape(1)}
    found.update({"grad." + n: p.grad for n, p in model.named_parameters() if p.grad is not None})
    model = load()
    losses, norms, _ = train(model, batch, 3)
    for step in range(3):
        found[f"grad_norm.step{step + 1}"] = torch.tensor([norms[step]])
        found[f"loss.step{step + 1}"] = torch.tensor([losses[step]])
    found.update({"step3." + n: p for n, p in model.named_parameters()})
    losses, norms, rates = train(load(), batch, 10, warmup=2)
    found["losses10"], found["grad_norms10"] = torch.tensor(losses), torch.tensor(norms)
    found["lrs10"] = torch.tensor(rates, dtype=torch.float64)
    return {name: value.detach().clone().contiguous() for name, value in found.items()}


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(HERE / "models/qwen2")
    for number, (name, (architecture, settings)) in enumerate(MODELS.items()):
        folder = HERE / "models" / name
        task = "tokencls" if architecture.endswith("ForTokenClassification") else "seqcls"
        cls = getattr(transformers, architecture)
        config = cls.config_class(vocab_size=len(tokenizer), **settings)
        if config.num_labels > 1:
            tags = ["O", "B-A", "I-A", "B-B", "I-B"] if task == "tokencls" else ["class0", "class1", "class2"]
            config.id2label = dict(enumerate(tags))
            config.label2id = {label: i for i, label in enumerate(tags)}
        generator = torch.Generator().manual_seed(SEED + number)
        model = cls._from_config(config, attn_implementation="eager")
        randomise(model, generator)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        batch = batch_of(task, tokenizer, config, generator)

        def load(folder=folder, cls=cls):
            return cls.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)

        save_file({**batch, **values(load, batch)}, folder / "expected.safetensors")
        described = {
            "architecture": architecture,
            "task": task,
            "tokenizer": "bpe",
            "optimizer": {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01, "clip": 1.0},
            "no_decay": without_decay(model),
            "parameters": [n for n, _ in model.named_parameters()],
            "eager_vs_sdpa": {"step3_noisy_params": []},
        }
        (folder / "expected.json").write_text(json.dumps(described, indent=1))


if __name__ == "__main__":
    main()
