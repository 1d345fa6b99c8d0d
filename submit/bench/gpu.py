"""Table of trainings on a GPU, by family and method; see table()."""

import json
import pathlib
import re
import shutil
import struct
import subprocess

# Decoders and an encoder whose layers have unlike scripts.
FAMILIES = ("granite-3.1-2b", "phi-3-mini", "gemma-3-1b", "gemma-2-2b", "smollm3-3b", "modernbert-base")
FEW = ("granite-3.1-2b", "modernbert-base")
# Sizes of a small model, where its family has the key.
SMALL = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
}
HEADER = ("family", "method", "tok/s", "MFU %", "peak MB", "grown MB", "loss", "CPU's loss", "greatest difference")
STEPS = 50


def absent():
    """Returns why this machine has no GPU, in one line, or nothing."""
    if shutil.which("nvidia-smi") is None:
        return "no GPU here, nvidia-smi is missing: run it on a GPU machine, or give --device cpu for a small table"
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    if listed.returncode or "GPU" not in listed.stdout:
        return "no GPU here, nvidia-smi lists none: run it on a GPU machine, or give --device cpu for a small table"
    return ""


def small(config):
    """Returns a configuration of the same family with small sizes."""
    config = config | {key: value for key, value in SMALL.items() if key in config}
    if "layer_types" in config:
        config["layer_types"] = config["layer_types"][: config["num_hidden_layers"]]
    return config


def shape(source, target, is_small):
    """Writes the config.json of a model to a new folder; returns the configuration."""
    config = json.loads((pathlib.Path(source) / "config.json").read_text())
    config = small(config) if is_small else config
    target.mkdir()
    (target / "config.json").write_text(json.dumps(config))
    return config


def products(model):
    """Returns the number of weights that a token is multiplied by; a tied table is the lm_head."""
    sizes = {}
    for file in pathlib.Path(model).glob("*.safetensors"):
        with file.open("rb") as opened:
            header = json.loads(opened.read(struct.unpack("<Q", opened.read(8))[0]))
        for name, tensor in header.items():
            if name != "__metadata__" and len(tensor["shape"]) == 2:
                sizes[name] = tensor["shape"][0] * tensor["shape"][1]
    tables = [size for name, size in sizes.items() if re.search(r"embed_tokens|tok_embeddings|word_embeddings", name)]
    looked_up_only = "lm_head.weight" in sizes or not any("embed_tokens" in name for name in sizes)
    return sum(sizes.values()) - (sum(tables) if looked_up_only else 0)


def flops(model, config, method, length):
    """Returns the operations of a token: forward and backward; frozen weights have no gradients.

    Attention's scores and values are counted for half of a causal text's pairs, or for all pairs.
    """
    width = config["hidden_size"] * config["num_hidden_layers"] * length
    pairs = 2 * width if "ForCausalLM" in config["architectures"][0] else 4 * width
    return (6 if method == "full" else 4) * products(model) + 3 * pairs


def measures(line):
    """Returns the numbers of a training's result line."""
    found = {name: float(re.search(rf" {name} (-?[\d.]+)", line)[1]) for name in ("used MB", "grown MB")}
    found["losses"] = [float(loss) for loss in re.search(r" losses ([\d.,]+)", line)[1].split(",")]
    rate = re.search(r" (tok|seq)/s ([\d.]+)", line)
    return found | {"unit": rate[1], "rate": float(rate[2])}


def row(family, method, found, reference, share):
    """Returns a row of the table; share: of the peak operations, or nothing."""
    pairs = list(zip(found["losses"], reference["losses"], strict=True))
    return (
        family,
        method,
        f"{found['tokens']:.0f}",
        "-" if share is None else f"{100 * share:.1f}",
        f"{found['used MB']:.0f}",
        f"{found['grown MB']:.0f}",
        f"{pairs[-1][0]:.5f}",
        f"{pairs[-1][1]:.5f}",
        f"{max(abs(a - b) for a, b in pairs):.1e}",
    )


def text(rows):
    """Returns rows as a table of Markdown."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (HEADER, ["---"] * len(HEADER), *rows))


def table(options, families, make_random, train):
    """Returns the table of a device.

    make_random(shape, target) writes a model, train(model, task, method, settings) returns a result line. Speed and
    memory are of BF16; the losses are those of three steps in F32 on the device and on the CPU, of the same weights.
    On the CPU models are small and the table shows only that the program works.
    """
    on_cpu = options.device == "cpu"
    rows = []
    for family in options.names or (FEW if on_cpu else FAMILIES):
        folder = pathlib.Path(options.folder) / family
        config = shape(families / family, folder, on_cpu)
        model = folder / "model"
        make_random(folder, model)
        generates = "CausalLM" in config["architectures"][0]
        task = "causal-lm" if generates else "classification"
        batch, length = (2, 32) if on_cpu else (options.batch, options.length)
        timed = {
            "steps": options.steps,
            "precision": "bf16",
            "batch": batch,
            "length": length,
            "device": options.device,
        }
        compared = {"steps": 3, "precision": "fp32", "batch": 2, "length": 32 if on_cpu else 128}
        for method in ("full", "lora", "qlora") if generates else ("full", "lora"):
            found = measures(train(model, task, method, timed))
            found["tokens"] = found["rate"] * (1 if found["unit"] == "tok" else length)
            own = measures(train(model, task, method, compared | {"device": options.device}))
            reference = measures(train(model, task, method, compared | {"device": "cpu"}))
            found["losses"] = own["losses"]
            share = None
            if not on_cpu:
                share = found["tokens"] * flops(model, config, method, length) / (options.teraflops * 1e12)
            rows.append(row(family, method, found, reference, share))
            print(" ".join(rows[-1]), flush=True)
        shutil.rmtree(folder)
    return text(rows)
