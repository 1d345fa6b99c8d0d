"""Makes a smaller BERT of an encoder, to train further: smaller_bert.py MODEL_DIR HIDDEN LAYERS OUTPUT_DIR

LAYERS are the layers to keep, such as 0,5. With the width of the model they keep their weights. With a smaller width
the embeddings are those of the model in their principal components, and the layers begin anew. Needs numpy and
safetensors.
"""

import json
import pathlib
import shutil
import sys

import numpy
from safetensors.numpy import load_file, save_file

HEAD = 32
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


def same_width(stored, layers):
    """Returns the weights of some layers, and all others."""
    made = {}
    for name, value in stored.items():
        parts = name.split(".")
        if parts[:2] != ["encoder", "layer"]:
            made[name] = value
        elif int(parts[2]) in layers:
            made[".".join([*parts[:2], str(layers.index(int(parts[2]))), *parts[3:]])] = value
    return made


def narrower(stored, layers, hidden):
    """Returns embeddings of a smaller width, and new layers."""
    words = stored["embeddings.word_embeddings.weight"]
    width = words.shape[1]
    centred = words - words.mean(0)
    directions = numpy.linalg.svd(centred.T @ centred)[2][:hidden].T * numpy.sqrt(width / hidden)
    random = numpy.random.default_rng(0)
    made = {}

    def norm(name):
        made[name + ".weight"], made[name + ".bias"] = numpy.ones(hidden), numpy.zeros(hidden)

    for kind in ("word", "position", "token_type"):
        name = f"embeddings.{kind}_embeddings.weight"
        made[name] = stored[name] @ directions
    norm("embeddings.LayerNorm")
    sizes = {
        "attention.self.query": (hidden, hidden),
        "attention.self.key": (hidden, hidden),
        "attention.self.value": (hidden, hidden),
        "attention.output.dense": (hidden, hidden),
        "intermediate.dense": (4 * hidden, hidden),
        "output.dense": (hidden, 4 * hidden),
    }
    for number in range(len(layers)):
        layer = f"encoder.layer.{number}."
        for name, (rows, columns) in sizes.items():
            made[layer + name + ".weight"] = (
                random.standard_normal((rows, columns)) * 0.02 * numpy.sqrt(width / columns)
            )
            made[layer + name + ".bias"] = numpy.zeros(rows)
        norm(layer + "attention.output.LayerNorm")
        norm(layer + "output.LayerNorm")
    return made


def main():
    source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[4])
    hidden, layers = int(sys.argv[2]), [int(layer) for layer in sys.argv[3].split(",")]
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    stored = load_file(source / "model.safetensors")
    if hidden == config["hidden_size"]:
        made = same_width(stored, layers)
    else:
        made = narrower(stored, layers, hidden)
        config |= {"hidden_size": hidden, "intermediate_size": 4 * hidden, "num_attention_heads": hidden // HEAD}
    config["num_hidden_layers"] = len(layers)
    arrays = {name: numpy.ascontiguousarray(value, dtype=numpy.float32) for name, value in made.items()}
    save_file(arrays, target / "model.safetensors", metadata={"format": "pt"})
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    for name in TOKENIZER:
        shutil.copy(source / name, target / name)


if __name__ == "__main__":
    main()
