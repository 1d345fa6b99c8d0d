"""Labels of texts by ONNX Runtime, in batches of similar length: onnx_predict.py MODEL TEXTS OUTPUT THREADS TYPE [FILE]

TYPE is float32, or int8: dynamic quantization. The model is exported by torch.onnx to FILE and that name with -int8,
unless the file exists. TEXTS is a file of JSON Lines with the column text.
"""

import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import label_texts
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoModelForSequenceClassification, AutoTokenizer


def export(folder, file):
    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager").eval()
    inputs = dict(AutoTokenizer.from_pretrained(folder)(["a text", "another text"], return_tensors="pt"))
    axes = {name: {0: "batch", 1: "tokens"} for name in inputs}
    torch.onnx.export(
        model,
        (inputs,),
        file,
        input_names=list(inputs),
        output_names=["logits"],
        dynamic_axes={**axes, "logits": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )


folder, texts, output, threads, kind, file = sys.argv[1:]
wide = pathlib.Path(file)
narrow = wide.with_name(wide.stem + "-int8" + wide.suffix)
if not narrow.exists():
    export(folder, wide)
    quantize_dynamic(wide, narrow, weight_type=QuantType.QInt8, per_channel=True)
if output != "-":
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        narrow if kind == "int8" else wide, options, providers=["CPUExecutionProvider"]
    )

    def logits(inputs):
        return session.run(None, {name: value.numpy() for name, value in inputs.items()})[0]

    label_texts.label(f"onnx {kind} threads {threads}", folder, texts, output, logits)
