"""A model whose linears bitsandbytes holds in 4 bits, as QLoRA does."""

from transformers import BitsAndBytesConfig


def four_bits(compute):
    """Options of from_pretrained.

    compute: the type of the products
    """
    config = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=compute
    )
    return {"device_map": "cpu", "quantization_config": config}
