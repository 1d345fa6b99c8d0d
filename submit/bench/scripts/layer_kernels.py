"""Numbers of kernels that a layer of a Llama launches on a GPU, for two documents of equal length."""

import absent_device
import torch
from cases import PLAIN
from inputs import HEADS, HIDDEN, KV_HEADS, Inputs, N

ATTRIBUTES = dict(
    num_heads=HEADS,
    num_key_value_heads=KV_HEADS,
    norm_eps=1e-5,
    **PLAIN,
    hidden_act="silu",
    causal=True,
    fused_attention=False,
    flash_attention=True,
    matrix_products=False,
)


def print_kernels(llama, backends):
    """Prints the kernels of forward and backward by method and precision; backends are matmul classes by precision."""
    for precision, backend in backends.items():
        for method in ("full", "LoRA on all linears"):
            module = type("Ops", (backend, llama), {})()
            for name, value in ATTRIBUTES.items():
                setattr(module, name, value)
            inputs = Inputs(1, "meta", ATTRIBUTES)
            weights = inputs.llama("" if method == "full" else "lora")
            if method != "full" and precision == "bf16":
                # A frozen weight is in the type of the products.
                weights |= {k: v.to(torch.bfloat16) for k, v in weights.items() if k.endswith("proj.weight")}
                # Products read copies of adapters, too.
                copies = {".lora_A": ".cast_A", ".lora_B": ".scaled_B"}
                for of, copy in copies.items():
                    weights |= {k.replace(of, copy): v.to(torch.bfloat16) for k, v in weights.items() if of in k}
            trained = {k: v for k, v in inputs.gradients(weights).items() if method == "full" or ".lora_" in k}
            documents = [N // 2, N // 2]
            batch = {name: inputs.packed()[name] for name in ("cos", "sin")} | {"starts": inputs.starts(documents)}
            layer = weights, batch, documents, {}
            x = inputs.x(N, HIDDEN)
            kept = module.layer_forward(x, *layer) | {"x": x}
            forward = absent_device.kernels(module, "layer_forward", [(x, *layer)])
            backward = absent_device.kernels(module, "layer_backward", [(x, kept, *layer, trained, False, True)])
            print(f"kernels of a layer, {precision}, {method}: forward {forward[0]}, backward {backward[0]}")
