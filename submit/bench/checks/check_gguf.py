"""Compares the GGUF files of a model with it: tensors by the gguf package, greedy answers and tokens by llama.cpp.

check_gguf.py FILES MODEL_DIR COMMAND [ARG ...]: FILES/TYPE.gguf of MODEL_DIR; the command prints our greedy answers to
prompts. A text is the same if llama.cpp would choose each of our tokens after the tokens before it. Where llama.cpp
would not, the logits of its choice and of ours are nearly equal (a file in 16 bits rounds, and llama.cpp rounds the
factors of its products).

"""

import json
import os
import pathlib
import subprocess
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import gguf
import llama_cpp
import numpy
from chat_prompts import chats
from gguf.utility import SafetensorsLocal
from transformers import AutoTokenizer

PAIRED = ("llama", "granite", "smollm3")
TURNED = (".c_attn.weight", ".c_proj.weight", ".c_fc.weight")
NEARLY = {"F32": 1e-3, "F16": 0.1, "BF16": 0.5}
CONTEXT = 512


def values(tensor):
    raw = numpy.frombuffer(tensor.mmap_bytes(), {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}[tensor.dtype])
    wide = (raw.astype("<u4") << 16).view("<f4") if tensor.dtype == "BF16" else raw.astype("<f4")
    return wide.reshape(tensor.shape)


def paired(rows, width):
    """Reorders a head's rows from two halves to adjacent pairs."""
    return rows.reshape(-1, 2, width // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def expected(folder, reader):
    """Returns the model's tensors by GGUF's names."""
    architecture = reader.fields["general.architecture"].contents()
    kind = next(kind for kind, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    layers = int(reader.fields[f"{architecture}.block_count"].contents())
    width = int(reader.fields[f"{architecture}.attention.key_length"].contents())
    names = gguf.get_tensor_name_map(kind, layers)
    for file in sorted(folder.glob("*.safetensors")):
        with SafetensorsLocal(file) as weights:
            for name, tensor in weights.items():
                value = values(tensor)
                if architecture == "gpt2" and name.endswith(TURNED):
                    value = value.T
                if architecture in PAIRED and name.rsplit(".", 2)[-2] in ("q_proj", "k_proj"):
                    value = paired(value, width)
                yield names.get_name(name, try_suffixes=(".weight", ".bias")), value


def tensors(file, folder):
    reader = gguf.GGUFReader(file)
    found = {tensor.name: tensor for tensor in reader.tensors}
    seen, differ, error, size = set(), [], 0.0, 0.0
    for name, value in expected(folder, reader):
        if name not in found:
            differ.append(f"{name} is missing")
            continue
        seen.add(name)
        stored = numpy.asarray(found[name].data)
        wanted = gguf.quantize(numpy.ascontiguousarray(value), found[name].tensor_type)
        if stored.tobytes() != wanted.tobytes():
            differ.append(name)
        back = gguf.dequantize(stored, found[name].tensor_type).reshape(value.shape)
        error += float(numpy.square(back - value, dtype="f8").sum())
        size += float(numpy.square(value, dtype="f8").sum())
    differ += [f"{name} is new" for name in found.keys() - seen - {"rope_freqs.weight"}]
    print(
        f"{file.stem}: {len(seen)} tensors, {len(differ)} differ from the reference, root mean square error "
        f"{(error / size) ** 0.5:.1e} of the weights {' '.join(differ[:3])}",
        flush=True,
    )
    return not differ


def answers(file, tokenizer, prompts, ours):
    threads = int(os.environ["OMP_NUM_THREADS"])
    wide = {"type_k": 0, "type_v": 0} if file.stem == "F32" else {}
    model = llama_cpp.Llama(
        str(file),
        n_ctx=CONTEXT,
        n_batch=CONTEXT,
        n_threads=threads,
        n_threads_batch=threads,
        logits_all=True,
        verbose=False,
        **wide,
    )
    good, same, worst = True, 0, 0.0
    for prompt, answer in zip(prompts, ours, strict=True):
        text = tokenizer.decode(prompt)
        if model.tokenize(text.encode(), add_bos=False, special=True) != prompt:
            print(f"{file.stem}: llama.cpp cuts {text!r} otherwise")
            good = False
        model.reset()
        model.eval(prompt + answer)
        logits = model.scores[len(prompt) - 1 : len(prompt) - 1 + len(answer)]
        gaps = logits.max(1) - logits[numpy.arange(len(answer)), answer]
        same += int((gaps == 0).all())
        worst = max(worst, float(gaps.max()))
    print(
        f"{file.stem}: llama.cpp says the same to {same} of {len(prompts)} prompts, {sum(map(len, ours))} tokens; "
        f"elsewhere its choice is ahead of ours by {worst:.3f} at most",
        flush=True,
    )
    return good and worst <= NEARLY.get(file.stem, float("inf"))


def main(files, folder, command):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompts = [tokenizer.apply_chat_template(chat, add_generation_prompt=True) for chat in chats(10)]
    run = subprocess.run(command, input=json.dumps(prompts), capture_output=True, text=True, timeout=3600)
    if run.returncode:
        sys.exit(run.stderr)
    ours = json.loads(run.stdout.strip().splitlines()[-1])
    types = ("F32", "F16", "BF16", "Q8_0", "Q4_0")
    good = [tensors(files / f"{kind}.gguf", folder) for kind in types]
    good += [answers(files / f"{kind}.gguf", tokenizer, prompts, ours) for kind in types]
    sys.exit(not all(good))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:])
