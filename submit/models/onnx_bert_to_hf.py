"""Converts a BERT encoder that optimum exported as ONNX to a folder of sentence-transformers.

    onnx_bert_to_hf.py MODEL.onnx TOKENIZER.json OUTPUT_DIR

The embedding is that of the first token, as of the BGE models. Needs onnx, numpy and safetensors.
"""

import json
import pathlib
import shutil
import sys

import numpy
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file


def weights(graph):
    """Returns the weights by Hugging Face's names. The name of a MatMul's node has its module, its weight has not."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    named = {name: value for name, value in stored.items() if name.startswith(("embeddings.", "encoder."))}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in stored:
            module = node.name.removeprefix("/").removesuffix("/MatMul").replace("/", ".")
            named[module + ".weight"] = stored[node.input[1]].T
    return {name: numpy.ascontiguousarray(value, dtype=numpy.float32) for name, value in named.items()}


def config(tensors):
    vocabulary, hidden = tensors["embeddings.word_embeddings.weight"].shape
    layers = 1 + max(int(name.split(".")[2]) for name in tensors if name.startswith("encoder."))
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        # Every BERT has 64 elements a head, except for the small ones of 384.
        "num_attention_heads": 12 if hidden == 384 else hidden // 64,
        "intermediate_size": tensors["encoder.layer.0.intermediate.dense.bias"].shape[0],
        "max_position_embeddings": tensors["embeddings.position_embeddings.weight"].shape[0],
        "type_vocab_size": tensors["embeddings.token_type_embeddings.weight"].shape[0],
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
        "torch_dtype": "float32",
    }


def write(folder, name, content):
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def main():
    model, tokenizer, target = map(pathlib.Path, sys.argv[1:4])
    tensors = weights(onnx.load(model).graph)
    settings = config(tensors)
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    write(target, "config.json", settings)
    shutil.copy(tokenizer, target / "tokenizer.json")
    special = {f"{kind}_token": f"[{kind.upper()}]" for kind in ("cls", "sep", "pad", "unk", "mask")}
    length = settings["max_position_embeddings"]
    write(
        target,
        "tokenizer_config.json",
        {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": length, **special},
    )
    kinds = "sentence_transformers.models."
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    write(
        target,
        "modules.json",
        [{"idx": i, "name": str(i), "path": path, "type": kinds + kind} for i, (path, kind) in enumerate(modules)],
    )
    pooling = {"word_embedding_dimension": settings["hidden_size"], "pooling_mode_cls_token": True}
    write(target, "1_Pooling/config.json", pooling | {"pooling_mode_mean_tokens": False})
    (target / "2_Normalize").mkdir()
    write(target, "sentence_bert_config.json", {"max_seq_length": length, "do_lower_case": False})


if __name__ == "__main__":
    main()
