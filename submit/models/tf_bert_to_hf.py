"""Writes a BERT of Google's release (a TensorFlow SavedModel) as a Hugging Face folder.

tf_bert_to_hf.py SAVED_MODEL DIR

The variables are read as TensorFlow's BundleWriter lays them out (tensorflow/core/util/tensor_bundle): an index, which
is a table of LevelDB without compression, of protocol buffers that say where in the data file a variable lies. Linears
are [in, out] there and [out, in] here. Needs numpy and safetensors.
"""

import json
import pathlib
import struct
import sys

import numpy
import safetensors.numpy

FLOAT = 1  # DataType.DT_FLOAT
NAMES = {
    "embeddings/LayerNorm/": "bert.embeddings.LayerNorm.",
    "embeddings/position_embeddings": "bert.embeddings.position_embeddings.weight",
    "embeddings/token_type_embeddings": "bert.embeddings.token_type_embeddings.weight",
    "embeddings/word_embeddings": "bert.embeddings.word_embeddings.weight",
    "pooler/dense/": "bert.pooler.dense.",
    "cls/predictions/output_bias": "cls.predictions.bias",
    "cls/predictions/transform/LayerNorm/": "cls.predictions.transform.LayerNorm.",
    "cls/predictions/transform/dense/": "cls.predictions.transform.dense.",
}
ENDS = {"kernel": "weight", "gamma": "weight", "beta": "bias", "bias": "bias"}
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def block(table, offset, size):
    """Returns (key, value) of a block. Keys share prefixes with the previous key; the restarts are at the end."""
    data = table[offset : offset + size]
    end = size - 4 - 4 * struct.unpack_from("<I", data, size - 4)[0]
    at, key = 0, b""
    while at < end:
        shared, at = varint(data, at)
        own, at = varint(data, at)
        length, at = varint(data, at)
        key = key[:shared] + data[at : at + own]
        at += own
        yield key, data[at : at + length]
        at += length


def handle(data):
    offset, at = varint(data, 0)
    return offset, varint(data, at)[0]


def fields(message):
    """Returns (number, value) of a protocol buffer: numbers, and the bytes of length-delimited fields."""
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(message, at)
        elif kind == 2:
            size, at = varint(message, at)
            value, at = message[at : at + size], at + size
        else:
            size = {1: 8, 5: 4}[kind]
            value, at = message[at : at + size], at + size
        yield tag >> 3, value


def variables(folder):
    """Returns name and F32 values of every variable."""
    index = (folder / "variables.index").read_bytes()
    data = numpy.memmap(folder / "variables.data-00000-of-00001", mode="r")
    footer = index[-48:]
    _, at = varint(footer, 0)
    _, at = varint(footer, at)
    for _, place in block(index, *handle(footer[at:])):
        for key, value in block(index, *handle(place)):
            entry = dict(fields(value))
            if key and entry.get(1) == FLOAT:
                shape = [dict(fields(size)).get(1, 0) for number, size in fields(entry.get(2, b"")) if number == 2]
                start = entry.get(4, 0)
                yield key.decode(), data[start : start + entry[5]].view("<f4").reshape(shape)


def hf_name(name):
    if name.startswith("encoder/layer_"):
        _, layer, rest = name.split("/", 2)
        name = f"bert.encoder.layer.{layer.removeprefix('layer_')}." + rest.replace("/", ".")
        stem, _, end = name.rpartition(".")
        return f"{stem}.{ENDS[end]}"
    for known, ours in NAMES.items():
        if name == known:
            return ours
        if known.endswith("/") and name.startswith(known):
            return ours + ENDS[name[len(known) :]]
    return None


def tokenizer(vocabulary):
    """Returns tokenizer.json of an uncased WordPiece."""
    ids = {token: place for place, token in enumerate(vocabulary)}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    one = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    one.append({"SpecialToken": {"id": "[SEP]", "type_id": 0}})
    two = [{"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}}]
    around = {token: {"id": token, "ids": [ids[token]], "tokens": [token]} for token in ("[CLS]", "[SEP]")}
    normalizer = {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": ids[token], "content": token, **flags} for token in SPECIAL],
        "normalizer": {"type": "BertNormalizer", **normalizer},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing", "single": one, "pair": one + two, "special_tokens": around},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": ids,
        },
    }


def main(source, target):
    tensors = {}
    for name, values in variables(source / "variables"):
        ours = hf_name(name.removeprefix("module/").removeprefix("bert/"))
        if ours:
            tensors[ours] = numpy.ascontiguousarray(values.T if name.endswith("kernel") else values)
    layers = 1 + max(int(name.split(".")[3]) for name in tensors if name.startswith("bert.encoder.layer."))
    if len(tensors) != 5 + 16 * layers + 2 + 5:
        sys.exit(f"error: {source} has {len(tensors)} variables of a BERT of {layers} layers: another release")
    vocabulary = (source / "assets/vocab.txt").read_text(encoding="utf-8").splitlines()
    hidden = tensors["bert.pooler.dense.bias"].size
    config = {
        "architectures": ["BertForMaskedLM"],
        "model_type": "bert",
        "vocab_size": len(vocabulary),
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": hidden // 64,
        "intermediate_size": tensors["bert.encoder.layer.0.intermediate.dense.bias"].size,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "max_position_embeddings": tensors["bert.embeddings.position_embeddings.weight"].shape[0],
        "type_vocab_size": 2,
        "initializer_range": 0.02,
        "layer_norm_eps": 1e-12,
        "pad_token_id": vocabulary.index("[PAD]"),
    }
    roles = {f"{token[1:-1].lower()}_token": token for token in SPECIAL}
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512, **roles}
    for name, content in (
        ("config.json", config),
        ("tokenizer.json", tokenizer(vocabulary)),
        ("tokenizer_config.json", settings),
        ("special_tokens_map.json", roles),
    ):
        (target / name).write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
    safetensors.numpy.save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
