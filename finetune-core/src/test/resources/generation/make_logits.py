"""Writes logits.json: logits after transformers' processors, in the order in which generate applies them."""

import json
import pathlib

import torch
from transformers.generation import logits_process as hf

SETTINGS = [
    {},
    {"repetition_penalty": 1.3},
    {"repetition_penalty": 0.7},
    {"temperature": 0.6},
    {"top_k": 1},
    {"top_k": 7},
    {"top_k": 1000},
    {"top_p": 0.9},
    {"top_p": 0.5},
    {"top_p": 0.01},
    {"temperature": 1.7, "top_k": 12, "top_p": 0.8},
    {"repetition_penalty": 1.2, "temperature": 0.3, "top_k": 20, "top_p": 0.95},
    {"repetition_penalty": 1.2, "temperature": 3.0, "top_p": 0.99},
]


def processed(logits, tokens, settings):
    processors = []
    if "repetition_penalty" in settings:
        processors.append(hf.RepetitionPenaltyLogitsProcessor(settings["repetition_penalty"]))
    if "temperature" in settings:
        processors.append(hf.TemperatureLogitsWarper(settings["temperature"]))
    if "top_k" in settings:
        processors.append(hf.TopKLogitsWarper(settings["top_k"]))
    if "top_p" in settings:
        processors.append(hf.TopPLogitsWarper(settings["top_p"]))
    return hf.LogitsProcessorList(processors)(torch.tensor([tokens]), torch.tensor([logits]))[0].tolist()


# Unstable by default: which of equal logits comes first would depend on the processor.
unstable_sort = torch.sort
torch.sort = lambda scores, descending: unstable_sort(scores, descending=descending, stable=True)
torch.manual_seed(7)
inputs = {
    "normal": 3 * torch.randn(60),
    "ties": torch.randint(-3, 4, (60,)).float(),
    "all equal": torch.zeros(10),
    "signed zeros": torch.tensor([0.0, -0.0, 0.0, -0.0, -1.0, 1.0, -0.0, 0.0]),
    "one peak": torch.cat([torch.full((20,), -4.0), torch.tensor([9.0]), torch.full((20,), -4.0)]),
    "ascending": torch.linspace(-5, 5, 50),
    "descending": torch.linspace(5, -5, 50),
    "single": torch.tensor([2.5]),
}
cases = []
for name, logits in inputs.items():
    logits = [round(value, 4) for value in logits.tolist()]
    tokens = torch.randint(0, len(logits), (6,)).tolist()
    for settings in SETTINGS:
        expected = [
            None if value == -float("inf") else round(value, 7) for value in processed(logits, tokens, settings)
        ]
        cases.append({"name": name, "logits": logits, "tokens": tokens, "settings": settings, "expected": expected})
file = pathlib.Path(__file__).parent / "logits.json"
file.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
