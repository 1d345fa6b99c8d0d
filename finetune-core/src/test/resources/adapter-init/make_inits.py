"""Writes what adapters begin with by PEFT: make_inits.py

Beside this file, inits.safetensors: for init_lora_weights pissa and loftq, of some linears of golden models, the
product B A (their singular vectors have no sign) and, for pissa, the weight that is left in the base. loftq_init of
PEFT runs on GPUs alone: here its decomposition is of what bitsandbytes' 4 bits lose on the CPU, with single and double
quantisation. converted.safetensors and converted-rslora.safetensors: an adapter with pissa at first, trained, and as an
adapter of the base as it was, which PEFT's save_pretrained(path_initial_model_for_weight_conversion) makes of it. Needs
peft 0.21, bitsandbytes.
"""

import pathlib
import tempfile

import bitsandbytes.functional as bnb
import torch
from peft import LoraConfig, get_peft_model
from peft.utils.loftq_utils import _low_rank_decomposition
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

HERE = pathlib.Path(__file__).parent
MODELS = HERE.parent / "golden/models"
LINEARS = {
    "llama-tied": ["model.layers.0.self_attn.q_proj", "model.layers.1.mlp.down_proj"],
    "gpt2": ["transformer.h.0.attn.c_attn", "transformer.h.1.mlp.c_proj"],
}
R = 4


def adapted(name, init, alpha, **others):
    model = AutoModelForCausalLM.from_pretrained(MODELS / name, dtype=torch.float32)
    config = LoraConfig(
        r=R,
        lora_alpha=alpha,
        target_modules="all-linear",
        init_lora_weights=init,
        fan_in_fan_out=name == "gpt2",
        **others,
    )
    return get_peft_model(model, config)


def main():
    tensors = {}
    for name, linears in LINEARS.items():
        for alpha in (R, 3 * R):
            model = adapted(name, "pissa", alpha).base_model.model
            for linear in linears:
                layer = model.get_submodule(linear)
                key = f"pissa.{alpha}.{name}.{linear}"
                tensors[key + ".product"] = (layer.lora_B["default"].weight @ layer.lora_A["default"].weight).detach()
                tensors[key + ".residual"] = layer.base_layer.weight.detach().clone()
        plain = AutoModelForCausalLM.from_pretrained(MODELS / name, dtype=torch.float32)
        for double in (False, True):
            for linear in linears:
                weight = plain.get_submodule(linear).weight.detach()
                weight = (weight.T if name == "gpt2" else weight).contiguous()
                # In rows of a block: bitsandbytes' CPU kernel widens rows that are shorter than one wrong.
                blocks = weight.reshape(-1, 64)
                codes, state = bnb.quantize_4bit(blocks, quant_type="nf4", compress_statistics=double)
                lost = (blocks - bnb.dequantize_4bit(codes, state)).reshape(weight.shape)
                parts = _low_rank_decomposition(lost, R)
                tensors[f"loftq.{double}.{name}.{linear}.product"] = parts["L"] @ parts["R"]
    save_file({key: value.contiguous() for key, value in tensors.items()}, HERE / "inits.safetensors")

    for rslora in (False, True):
        model = adapted("llama-tied", "pissa", 3 * R, use_rslora=rslora)
        with tempfile.TemporaryDirectory() as first:
            model.save_pretrained(f"{first}/initial")
            torch.manual_seed(1)
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter.data += 0.02 * torch.randn_like(parameter)
            trained = {key: value for key, value in model.state_dict().items() if "lora_" in key}
            model.peft_config["default"].init_lora_weights = "pissa"
            model.save_pretrained(f"{first}/trained", path_initial_model_for_weight_conversion=f"{first}/initial")
            out = {
                "converted." + key: value
                for key, value in load_file(f"{first}/trained/adapter_model.safetensors").items()
            }
            out |= {
                "initial." + key: value
                for key, value in load_file(f"{first}/initial/adapter_model.safetensors").items()
            }
            out |= {"trained." + key.replace(".default", ""): value for key, value in trained.items()}
            keep = ("layers.0.self_attn.q_proj", "layers.1.mlp.down_proj")
            kept = {key: value.contiguous().clone() for key, value in out.items() if any(name in key for name in keep)}
            suffix = "-rslora" if rslora else ""
            save_file(kept, HERE / f"converted{suffix}.safetensors")
            print((pathlib.Path(first) / "trained/adapter_config.json").read_text())


main()
