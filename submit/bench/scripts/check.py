"""Runs every method of the engine's scripts, eager and scripted: check.py ROOT [--device DEVICE]

ROOT holds the package core. Each class that no other is derived from, or that has attributes in cases.py, is put
together with each backend of matrix products, as the engine does it. Prints a table, exits with 1 if a method has no
inputs in cases.py, fails, or gives other bits scripted than eager.

On the device "meta", methods run eagerly and without values, see absent_device.py. The table then has the number of
kernels of each call of layer_forward and layer_backward.
"""

import argparse
import importlib
import inspect
import pathlib
import sys

import absent_device
import layer_kernels
import torch
from cases import ATTRIBUTES, INPUTS
from inputs import Inputs

SEED = 1


def classes(root):
    """Returns all classes of the text by name."""
    found = {}
    for file in sorted(root.glob("core/**/*.py")):
        module = importlib.import_module(".".join(file.relative_to(root).with_suffix("").parts))
        for name, value in vars(module).items():
            if inspect.isclass(value) and value.__module__ == module.__name__:
                found[name] = value
    return found


def own(owner):
    """Returns the classes of the text that a class consists of."""
    return [base for base in owner.__mro__ if base.__module__.startswith("core.")]


def methods(owner):
    """Returns (defining class, name) of each method of a class."""
    found = {}
    for base in reversed(own(owner)):
        for name, value in vars(base).items():
            if inspect.isfunction(value):
                found[name] = base.__name__
    return sorted((base, name) for name, base in found.items())


def scripted(owner, attributes):
    """Returns an instance and its scripted copy."""
    module = owner()
    for base in own(owner):
        for name in inspect.get_annotations(base):
            setattr(module, name, attributes[name])
        for value in vars(base).values():
            if inspect.isfunction(value):
                torch.jit.export(value)
    return module, torch.jit.script(module)


def run(module, name, arguments):
    """Returns a method's result, and the values that it leaves in its arguments."""
    with torch.no_grad():
        returned = getattr(module, name)(*arguments)
    return [returned, arguments]


def same(a, b):
    if isinstance(a, torch.Tensor) and a.is_mkldnn:
        # oneDNN's own layout has no values to compare.
        return b.is_mkldnn and a.shape == b.shape
    if isinstance(a, torch.Tensor):
        equal = isinstance(b, torch.Tensor) and a.shape == b.shape and a.dtype == b.dtype
        return equal and torch.equal(torch.nan_to_num(a.detach()), torch.nan_to_num(b.detach()))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def outcome(module, script, name, inputs, attributes, device):
    """Returns "equal", or the difference."""
    try:
        for case, _ in enumerate(inputs(Inputs(SEED, device, attributes))):
            eager, other = (
                run(either, name, inputs(Inputs(SEED, device, attributes))[case]) for either in (module, script)
            )
            if not same(eager, other):
                return f"case {case}: eager and scripted differ"
        return "equal"
    except Exception as e:
        return str(e).strip().splitlines()[-1]


def absent_outcome(module, name, inputs, attributes):
    """Returns "ran", for a layer the numbers of kernels of its calls, or the failure."""
    try:
        counts = absent_device.kernels(module, name, inputs(Inputs(SEED, "meta", attributes)))
    except Exception as e:
        return f"fails: {str(e).strip().splitlines()[0]}"
    return f"ran {' '.join(map(str, counts))} kernels" if name in ("layer_forward", "layer_backward") else "ran"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    sys.path.insert(0, str(options.root))
    found = classes(options.root)
    bases = {base for owner in found.values() for base in owner.__mro__[1:]}
    backend = found["Matmul"]
    backends = [o for o in found.values() if o.__module__.startswith(backend.__module__ + "_")]
    families = [o for o in found.values() if (o not in bases or o.__name__ in ATTRIBUTES) and o not in backends]
    # As in the engine: without optimizations that round differently.
    torch.jit.set_fusion_strategy([])
    torch._C._jit_set_profiling_executor(False)
    torch._C._set_graph_executor_optimize(False)
    failed = 0
    seen = set()
    print(f"torch {torch.__version__}, {options.device}")
    for family in families:
        own_backends = [None, *backends] if backend in family.__mro__ else [None]
        for other in own_backends:
            owner = type("Ops", (other, family) if other else (family,), {})
            for attributes in ATTRIBUTES.get(family.__name__, [{}]):
                if options.device != "cpu" and "fused_attention" in attributes:
                    # Only CPUs have the fused kernel.
                    attributes = attributes | {"fused_attention": False, "flash_attention": True}
                if other:
                    attributes = attributes | {"backend": other.__name__}
                module, script = scripted(owner, attributes)
                for base, name in methods(owner):
                    key = f"{base}.{name}"
                    seen.add(key)
                    inputs = INPUTS.get(key)
                    if not inputs:
                        result = "has no inputs in cases.py"
                    elif options.device == "meta":
                        result = absent_outcome(module, name, inputs, attributes)
                    else:
                        result = outcome(module, script, name, inputs, attributes, options.device)
                    failed += not result.startswith(("equal", "ran"))
                    label = " ".join(part.__name__ for part in (family, other) if part)
                    print(f"{label:<26}{key:<44}{result}")
    if options.device == "meta":
        layer_kernels.print_kernels(found["Llama"], {"bf16": found["Bf16Matmul"], "fp32": found["OneDnnMatmul"]})
    for unused in sorted(INPUTS.keys() - seen):
        failed += 1
        print(f"{'cases.py':<26}{unused:<44}is no method of the text")
    print(f"{len(seen)} methods, {failed} failures")
    sys.exit(failed > 0)


main()
