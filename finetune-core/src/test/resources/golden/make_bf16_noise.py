"""Writes bf16.json: how far transformers in BF16 is from the golden numbers, by model.

For each of models/: the distance (L2, divided by that of the golden numbers) of the logits and of all gradients
together, "autocast" with weights in F32 and products in BF16, "whole" with the model in BF16. One thread, eager
attention. Needs transformers. Names of models, if any, are those whose numbers are written, the others' are kept.
"""

import contextlib
import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import load_file

HERE = pathlib.Path(__file__).parent
INPUTS = ("input_ids", "attention_mask", "token_type_ids", "labels", "start_positions", "end_positions")
OUTPUTS = ("logits", "start_logits", "end_logits")


def distance(actual, golden):
    """Of all tensors as one."""
    off = sum(float((actual[name].double() - golden[name].double()).square().sum()) for name in golden)
    return (off / sum(float(golden[name].double().square().sum()) for name in golden)) ** 0.5


def noise(folder, whole):
    architecture = json.loads((folder / "config.json").read_text())["architectures"][0]
    kind = torch.bfloat16 if whole else torch.float32
    model = getattr(transformers, architecture).from_pretrained(folder, dtype=kind, attn_implementation="eager")
    model.eval()
    golden = load_file(folder / "expected.safetensors")
    inputs = {name: golden[name] for name in INPUTS if name in golden}
    inputs = {name: value.to(kind) if value.is_floating_point() else value for name, value in inputs.items()}
    with contextlib.nullcontext() if whole else torch.autocast("cpu", torch.bfloat16):
        output = model(**inputs)
    output.loss.backward()
    seen = golden["attention_mask"].bool()

    def outputs(values):
        # Of texts as a whole there is a row, of tokens those that are no padding.
        return {
            name: values[name][seen] if values[name].shape[:2] == seen.shape else values[name]
            for name in OUTPUTS
            if name in values
        }

    gradients = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
    return {
        "logits": distance(
            outputs({name: output[name].detach() for name in OUTPUTS if name in output}), outputs(golden)
        ),
        "gradients": distance(gradients, {name: golden[f"grad.{name}"] for name in gradients}),
    }


def main():
    torch.set_num_threads(1)
    file = HERE / "bf16.json"
    before = json.loads(file.read_text()) if sys.argv[1:] else {"transformers": transformers.__version__, "models": {}}
    folders = [HERE / "models" / name for name in sys.argv[1:]]
    folders = folders or sorted(path for path in (HERE / "models").iterdir() if path.is_dir())
    measured = {folder.name: {"autocast": noise(folder, False), "whole": noise(folder, True)} for folder in folders}
    measured = {
        name: {way: {what: float(f"{value:.3g}") for what, value in one.items()} for way, one in ways.items()}
        for name, ways in measured.items()
    }
    before["models"] = dict(sorted({**before["models"], **measured}.items()))
    file.write_text(json.dumps(before, indent=1) + "\n")


if __name__ == "__main__":
    main()
