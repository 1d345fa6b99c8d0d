"""Writes reward.json and reward.safetensors: ten steps of TRL's RewardTrainer (trl 1.16) on the golden llama-tied.

    python make_rewards.py

The padding of this model is its end token, so the head reads the token before the end of a text.
"""

import json
import pathlib
import tempfile

import torch
from safetensors.torch import save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from trl import RewardConfig, RewardTrainer
from trl_golden import GRADIENTS, MAX_LENGTH, MODEL, trained

HERE = pathlib.Path(__file__).parent
ROWS = [
    {
        "prompt": [{"role": "user", "content": "What is a license?"}],
        "chosen": [{"role": "assistant", "content": "A permission to use the software."}],
        "rejected": [{"role": "assistant", "content": "I do not know."}],
        "margin": 0.5,
    },
    {
        "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who may copy it?"}],
        "chosen": [{"role": "assistant", "content": "Any person."}],
        "rejected": [{"role": "assistant", "content": "It depends, and this is a long story."}],
        "margin": 0.0,
    },
    {
        "prompt": [{"role": "user", "content": "Is there a warranty?"}],
        "chosen": [{"role": "assistant", "content": "No."}],
        "rejected": [{"role": "assistant", "content": "Yes, for ever."}],
        "margin": 1.25,
    },
]
TEXTS = [
    {"prompt": "The software is provided", "chosen": " as is.", "rejected": " with a warranty."},
    {"prompt": "Permission is hereby gran", "chosen": "ted, free of charge<|im_end|>", "rejected": "d"},
]
METRICS = ("accuracy", "margin", "mean_reward")
RUNS = {
    "plain": {},
    "margin": {},
    "centered": {"center_rewards_coefficient": 0.05},
    "lora": {"peft": True, "learning_rate": 1e-2},
}


def model():
    loaded = AutoModelForSequenceClassification.from_pretrained(
        MODEL, num_labels=1, dtype=torch.float32, attn_implementation="eager"
    )
    torch.manual_seed(5)
    loaded.score.weight.data.normal_(std=0.1)
    return loaded


def without_margin(rows):
    return [{key: value for key, value in row.items() if key != "margin"} for row in rows]


def name(parameter):
    """The name of a parameter of the model without PEFT's wrappers."""
    parts = parameter.removeprefix("base_model.model.").split(".")
    return ".".join(part for part in parts if part not in ("default", "modules_to_save"))


def main():
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    tensors = {"score.weight": model().score.weight.detach().clone()}
    content = {"max_length": MAX_LENGTH, "runs": {}}
    with tempfile.TemporaryDirectory() as work:
        for run, settings in RUNS.items():
            rows = ROWS if run == "margin" else without_margin(ROWS)
            noting, start = trained(RewardTrainer, RewardConfig, tokenizer, rows, work, model=model(), **settings)
            steps = [line for line in noting.state.log_history if "loss" in line]
            content["runs"][run] = {
                "losses": noting.losses,
                "first": {key: steps[0][key] for key in METRICS},
                "last": {key: steps[-1][key] for key in METRICS},
            }
            for parameter, gradient in noting.first.items():
                if settings.get("peft") or any(part in parameter for part in (*GRADIENTS, "score")):
                    tensors[f"{run}/{name(parameter)}"] = gradient
            tensors |= {f"{run}/start/{name(parameter)}": value for parameter, value in start.items()}
            if run == "margin":
                content["pairs"] = [dict(row) for row in noting.train_dataset]
        texts, _ = trained(RewardTrainer, RewardConfig, tokenizer, TEXTS, work, model=model())
    (HERE / "reward.json").write_text(json.dumps(content, indent=1) + "\n")
    save_file({key: value.contiguous() for key, value in tensors.items()}, HERE / "reward.safetensors")
    keys = ("chosen_ids", "rejected_ids")
    pairs = content["pairs"] + [dict(row) for row in texts.train_dataset]
    cases = {"max_length": MAX_LENGTH, "chat_template": (MODEL / "chat_template.jinja").read_text()}
    cases["rows"] = [
        {"row": row, **{key: list(pair[key]) for key in keys}} for row, pair in zip(ROWS + TEXTS, pairs, strict=True)
    ]
    prepared = HERE.parents[4] / "dataset-prep/src/test/resources/preference/reward.json"
    prepared.write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
