"""Writes the folders token-rows-NAME beside this file: make_token_rows.py

LoRA with trained rows of the embedding table (trainable_token_indices) by PEFT, over golden models: one whose head is
the table, one whose is not, an encoder. Of the tokens two are in the batch, one is not. Files as of the other folders
here. Needs peft 0.21.
"""

import json
import os
import pathlib

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent
BASES = {"tied": "llama-tied", "untied": "llama-untied", "bert": "bert-tokencls"}
TASKS = {"bert": "TOKEN_CLS"}
TARGETS = {"bert": ["query", "value"]}
BATCH = ("input_ids", "attention_mask", "token_type_ids", "labels")


def base_model(base):
    folder = HERE.parent / "models" / base
    name = json.loads((folder / "config.json").read_text())["architectures"][0]
    return getattr(transformers, name).from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)


def keys_of(model):
    """PEFT's key of each trained parameter."""
    keys = {value.data_ptr(): key for key, value in get_peft_model_state_dict(model).items()}
    return {name: keys[p.data_ptr()] for name, p in model.named_parameters() if p.requires_grad}


def trained(model):
    keys = keys_of(model)
    return {keys[name]: p for name, p in model.named_parameters() if p.requires_grad}


def main():
    for name, base in BASES.items():
        folder = HERE / f"token-rows-{name}"
        batch = {
            key: value
            for key, value in load_file(HERE.parent / "models" / base / "expected.safetensors").items()
            if key in BATCH
        }
        ids, counts = batch["input_ids"][batch["attention_mask"] == 1].unique(return_counts=True)
        absent = next(token for token in range(300, 10, -1) if token not in ids)
        tokens = [int(token) for token in ids[counts.argsort(descending=True)[1:3]]] + [absent]
        torch.manual_seed(1)
        config = LoraConfig(
            r=4,
            target_modules=TARGETS.get(name, ["q_proj", "v_proj"]),
            task_type=TASKS.get(name, "CAUSAL_LM"),
            trainable_token_indices=tokens,
        )
        model = get_peft_model(base_model(base), config)
        with torch.no_grad():
            for p in trained(model).values():
                p.add_(0.1 * torch.randn(p.shape))
        model.save_pretrained(folder)
        (folder / "README.md").unlink()
        path = folder / "adapter_config.json"
        written = json.loads(path.read_text())
        written |= {"base_model_name_or_path": "models/" + base, "target_modules": sorted(written["target_modules"])}
        path.write_text(json.dumps(written, indent=2, sort_keys=True) + "\n")

        model = PeftModel.from_pretrained(base_model(base), folder, is_trainable=True).eval()
        result = model(**batch)
        result.loss.backward()
        tensors = batch | {"logits": result.logits, "loss": result.loss.reshape(1)}
        tensors |= {"grad." + key: p.grad for key, p in trained(model).items()}
        merged = PeftModel.from_pretrained(base_model(base), folder).merge_and_unload().eval()
        before = base_model(base).state_dict()
        if merged.config.tie_word_embeddings:
            # The table once more.
            before.pop("lm_head.weight", None)
        tensors |= {
            "merged." + key: v
            for key, v in merged.state_dict().items()
            if key in before and not torch.equal(v, before[key])
        }
        with torch.no_grad():
            tensors["logits_merged"] = merged(**batch).logits
        model = PeftModel.from_pretrained(base_model(base), folder, is_trainable=True).eval()
        parameters = trained(model)
        undecayed = [key for key in parameters if key.endswith("bias")]
        groups = [
            {"params": [p for key, p in parameters.items() if key not in undecayed], "weight_decay": 0.01},
            {"params": [p for key, p in parameters.items() if key in undecayed], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=1e-3)
        losses, norms = [], []
        for _ in range(10):
            loss = model(**batch).loss
            loss.backward()
            norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0).item())
            losses.append(loss.item())
            optimizer.step()
            optimizer.zero_grad()
        tensors |= {"losses10": torch.tensor(losses), "grad_norms10": torch.tensor(norms)}
        tensors |= {"step10." + key: p for key, p in parameters.items()}
        # Tied weights are of one memory.
        save_file({key: value.detach().clone() for key, value in tensors.items()}, folder / "expected.safetensors")
        expected = {
            "base": base,
            "no_decay": undecayed,
            "optimizer": {"lr": 0.001, "schedule": "constant", "weight_decay": 0.01, "clip": 1.0},
        }
        (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
        print(folder.name, tokens, result.loss.item(), norms)


main()
