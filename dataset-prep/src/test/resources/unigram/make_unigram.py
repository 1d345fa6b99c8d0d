"""Writes a small Unigram tokenizer laid out as XLM-RoBERTa's, and cases.json: what transformers makes of texts with it.

Needs transformers and tokenizers.
"""

import json
import pathlib

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import XLMRobertaTokenizerFast

HERE = pathlib.Path(__file__).parent
LINES = [
    "the license of this software is given to anyone who copies it",
    "a notice of the copyright and of this permission stays in all copies",
    "die Lizenz dieser Software gilt für alle, die sie kopieren",
    "la licence de ce logiciel est donnée à tous ceux qui le copient",
    "この 許可 は すべて の 複製 に 含まれ ます",
]
TEXTS = [
    ("the license of this software", None),
    ("la licence", "die Lizenz für alle"),
    ("  two  blanks\tand a tab ", None),
    ("許可 😀 unseen", "of this"),
    ("a </s> in the text", None),
    ("", None),
]


def main():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(" {2,}", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer.train_from_iterator(
        LINES, trainers.UnigramTrainer(vocab_size=200, special_tokens=special, unk_token="<unk>", show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    fast = XLMRobertaTokenizerFast(tokenizer_object=tokenizer)
    fast.save_pretrained(HERE)
    cases = []
    for text, pair in TEXTS:
        encoded = fast(text, pair)
        cases.append(
            {
                "text": text,
                "pair": pair,
                "input_ids": encoded["input_ids"],
                "tokens": fast.convert_ids_to_tokens(encoded["input_ids"]),
                "decoded_plain": fast.decode(encoded["input_ids"], skip_special_tokens=True),
            }
        )
    out = {
        "vocabulary": len(fast),
        "pad_token_id": fast.pad_token_id,
        "eos_token_id": fast.eos_token_id,
        "special_tokens": fast.special_tokens_map,
        "cases": cases,
    }
    (HERE / "cases.json").write_text(json.dumps(out, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
