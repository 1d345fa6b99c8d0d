"""Writes the weights of a Llama model in GGUF as fp32 safetensors under Hugging Face's names.

gguf_to_hf.py FILE.gguf DIR

Quantised weights are de-quantised. Needs gguf, safetensors and numpy.
"""

import pathlib
import re
import sys

import gguf
import numpy
import safetensors.numpy

OUTER = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
INNER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def hf_name(name):
    layer = re.fullmatch(r"blk\.(\d+)\.(\w+)\.(weight|bias)", name)
    if layer and layer[2] in INNER:
        return f"model.layers.{layer[1]}.{INNER[layer[2]]}.{layer[3]}"
    module, _, kind = name.rpartition(".")
    if module in OUTER:
        return f"{OUTER[module]}.{kind}"
    sys.exit(f"error: {name} is not a tensor of a Llama model")


def rotary_halves(rows, heads):
    """Reorders a head's rows from GGUF's pairs (0, 1), (2, 3), ... to HF's two halves (0, 2, ...), (1, 3, ...)."""
    pairs = rows.reshape(heads, -1, 2, *rows.shape[1:])
    return pairs.swapaxes(1, 2).reshape(rows.shape)


def heads(reader, key):
    return int(reader.fields[f"llama.attention.{key}"].contents())


def main(source, target):
    reader = gguf.GGUFReader(source)
    rotated = {"attn_q": heads(reader, "head_count"), "attn_k": heads(reader, "head_count_kv")}
    weights = {}
    for tensor in reader.tensors:
        if tensor.name == "rope_freqs.weight":
            continue
        values = gguf.dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32)
        values = values.reshape([int(size) for size in reversed(tensor.shape)])
        kind = tensor.name.split(".")[-2]
        if kind in rotated:
            values = rotary_halves(values, rotated[kind])
        weights[hf_name(tensor.name)] = numpy.ascontiguousarray(values)
    file = pathlib.Path(target) / "model.safetensors"
    safetensors.numpy.save_file(weights, file, metadata={"format": "pt"})
    file.chmod(0o644)
    print(f"{len(weights)} tensors, {sum(values.size for values in weights.values()):,} parameters")


if __name__ == "__main__":
    main(*sys.argv[1:])
