"""Writes what TRL's DPOTrainer makes of a few pairs: make_preferences.py TOKENS.json

TOKENS.json: the token ids of prompts and answers. Beside this file, dpo.json: by loss the losses of ten steps over all
pairs and TRL's metrics of the first and the last; dpo.safetensors: gradients of the first step, of some parameters.
"""

import sys

import trl_golden
from trl import DPOConfig, DPOTrainer


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


SEVERAL_TURNS = [user("May I copy it?"), assistant("Yes."), user("And sell it?")]
CHAT = [
    {
        "prompt": [user("What is a license?")],
        "chosen": [assistant("A permission to use the software.")],
        "rejected": [assistant("No idea \U0001f600")],
    },
    {
        "prompt": [{"role": "system", "content": "Be brief."}, *SEVERAL_TURNS],
        "chosen": [assistant("Any person may.")],
        "rejected": [assistant("Ask a lawyer, without restriction.")],
    },
    {
        "prompt": [user("A long prompt, of which one answer is cut: tell me all that you know of licences")],
        "chosen": [assistant("Short.")],
        "rejected": [assistant("An answer that is cut before its end, as it is too long.")],
    },
]
TEXTS = [
    {"prompt": "The software is provided", "chosen": " as is", "rejected": " with love and care"},
    {"prompt": "Copy", "chosen": "right notices stay", "rejected": "left"},
]
# The prompt is what both begin with.
IMPLICIT_CHAT = [
    {
        "chosen": [user("Who?"), assistant("You and all that come after you.")],
        "rejected": [user("Who?"), assistant("Me.")],
    },
]
IMPLICIT_TEXTS = [{"chosen": "Permission is granted to you", "rejected": "Permission is denied"}]
RUNS = {
    "sigmoid": {},
    "ipo": {"loss_type": ["ipo"], "beta": 0.5},
    "robust": {"loss_type": ["robust"], "label_smoothing": 0.1, "beta": 0.3},
    "hinge": {"loss_type": ["hinge"], "beta": 0.5},
    "apo_zero": {"loss_type": ["apo_zero"], "beta": 0.3},
    "apo_down": {"loss_type": ["apo_down"], "beta": 0.3},
    "lora": {"peft": True, "learning_rate": 1e-2},
}
SOURCES = {"chat": CHAT, "texts": TEXTS, "implicit_chat": IMPLICIT_CHAT, "implicit_texts": IMPLICIT_TEXTS}
KEYS = ("prompt_ids", "chosen_ids", "rejected_ids")
METRICS = (
    "rewards/chosen",
    "rewards/rejected",
    "rewards/margins",
    "rewards/accuracies",
    "logps/chosen",
    "logps/rejected",
)

if __name__ == "__main__":
    trl_golden.write(sys.argv[1], "dpo", "pairs", DPOTrainer, DPOConfig, RUNS, SOURCES, KEYS, METRICS)
