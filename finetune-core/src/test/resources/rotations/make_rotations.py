"""Writes rotations.json: the rotary angles of transformers' Llama. Needs torch and transformers."""

import json
import pathlib

import torch
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

POSITIONS = [0, 1, 7, 100, 8191]
CASES = {
    "plain": {"rope_theta": 10000.0, "hidden_size": 32},
    "llama3": {
        "rope_theta": 500000.0,
        "hidden_size": 128,
        "max_position_embeddings": 131072,
        "rope_scaling": {
            "rope_type": "llama3",
            "factor": 32.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
    },
}


def main():
    out = {}
    for name, changes in CASES.items():
        settings = {
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "vocab_size": 32,
            "max_position_embeddings": 8192,
            **changes,
        }
        rotary = LlamaRotaryEmbedding(LlamaConfig(**settings))
        cos, sin = rotary(torch.zeros(1, 1), torch.tensor([POSITIONS]))
        half = cos.shape[-1] // 2
        out[name] = {
            "config": {"model_type": "llama", **settings},
            "frequencies": rotary.inv_freq.tolist(),
            "cosines": cos[0, :, :half].tolist(),
            "sines": sin[0, :, :half].tolist(),
        }
    out["positions"] = POSITIONS
    pathlib.Path(__file__).with_name("rotations.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
