"""Writes what TRL's KTOTrainer makes of a few answers: make_unpaired.py TOKENS.json

TOKENS.json: the token ids of prompts, answers and the answers that they are compared with. Beside this file, kto.json
and kto.safetensors, as make_preferences.py writes them of pairs.
"""

import sys

import trl_golden
from make_preferences import CHAT, TEXTS
from trl import KTOConfig, KTOTrainer

RUNS = {
    "kto": {},
    "weighted": {"desirable_weight": 1.5, "undesirable_weight": 0.5, "beta": 0.3},
    "apo": {"loss_type": "apo_zero_unpaired"},
    "lora": {"peft": True, "learning_rate": 1e-2},
}
KEYS = ("prompt_ids", "completion_ids", "KL_completion_ids", "label")
METRICS = ("kl", "rewards/chosen", "rewards/rejected", "rewards/margins", "logps/chosen", "logps/rejected")


def answers(pairs):
    """A good answer of each pair, and a bad one of all but the first."""
    rated = [{"prompt": pair["prompt"], "completion": pair["chosen"], "label": True} for pair in pairs]
    return rated + [{"prompt": pair["prompt"], "completion": pair["rejected"], "label": False} for pair in pairs[1:]]


if __name__ == "__main__":
    sources = {"chat": answers(CHAT), "texts": answers(TEXTS)}
    trl_golden.write(sys.argv[1], "kto", "answers", KTOTrainer, KTOConfig, RUNS, sources, KEYS, METRICS)
