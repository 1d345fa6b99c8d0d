"""Writes rotations.json: the rotary angles of transformers' Llama and Phi-3. Needs torch and transformers."""

import json
import pathlib

import torch
from transformers import LlamaConfig, Phi3Config
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
from transformers.models.phi3.modeling_phi3 import Phi3RotaryEmbedding

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
    "linear": {"rope_theta": 10000.0, "hidden_size": 32, "rope_scaling": {"type": "linear", "factor": 4.0}},
    "dynamic": {"rope_theta": 10000.0, "hidden_size": 32, "rope_scaling": {"rope_type": "dynamic", "factor": 4.0}},
    "yarn": {
        "rope_theta": 1000000.0,
        "hidden_size": 128,
        "max_position_embeddings": 131072,
        "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768},
    },
    "yarn, every number": {
        "rope_theta": 10000.0,
        "hidden_size": 128,
        "rope_scaling": {
            "rope_type": "yarn",
            "factor": 40.0,
            "beta_fast": 20.0,
            "beta_slow": 2.0,
            "mscale": 1.5,
            "mscale_all_dim": 0.7,
            "truncate": False,
            "original_max_position_embeddings": 4096,
        },
    },
    "yarn, attention factor": {
        "rope_theta": 10000.0,
        "hidden_size": 64,
        "rope_scaling": {"rope_type": "yarn", "factor": 2.0, "attention_factor": 0.9},
    },
    "partial": {"model_type": "phi3", "rope_theta": 10000.0, "hidden_size": 32, "partial_rotary_factor": 0.75},
    "longrope": {
        "model_type": "phi3",
        "rope_theta": 10000.0,
        "hidden_size": 32,
        "partial_rotary_factor": 0.75,
        "max_position_embeddings": 131072,
        "original_max_position_embeddings": 8192,
        "rope_scaling": {
            "type": "longrope",
            "short_factor": [1.0, 1.05, 1.1, 1.2, 1.4, 2.0],
            "long_factor": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0],
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
        family = settings.pop("model_type", "llama")
        if family == "llama":
            rotary = LlamaRotaryEmbedding(LlamaConfig(**settings))
        else:
            rotary = Phi3RotaryEmbedding(Phi3Config(pad_token_id=0, **settings))
        cos, sin = rotary(torch.zeros(1, 1), torch.tensor([POSITIONS]))
        half = cos.shape[-1] // 2
        out[name] = {
            "config": {"model_type": family, **settings},
            "frequencies": rotary.inv_freq.tolist(),
            "cosines": cos[0, :, :half].tolist(),
            "sines": sin[0, :, :half].tolist(),
        }
    out["positions"] = POSITIONS
    pathlib.Path(__file__).with_name("rotations.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
