"""Writes what TRL makes of pairs by losses with a likelihood or without a reference: make_reference_free.py

Beside this file, as make_preferences.py writes dpo.json: rpo.json of DPOTrainer with the losses sigmoid and sft, whose
chosen answers have equally many tokens, so that a mean over tokens is one over answers; simpo.json and orpo.json of the
losses of CPOTrainer and ORPOTrainer over the batches of DPOTrainer. The likelihood of ORPO leaves out the prompt.
"""

import pathlib
import tempfile
from types import SimpleNamespace

import trl_golden
from make_preferences import CHAT, KEYS, METRICS, assistant
from trl import DPOConfig, DPOTrainer
from trl.experimental.cpo import CPOTrainer
from trl.experimental.orpo import ORPOTrainer

EQUAL = [CHAT[0], CHAT[0] | {"rejected": [assistant("Ask a lawyer, without restriction.")]}]


class PerToken(DPOTrainer):
    """Computes a loss of the answers' log-probabilities per token."""

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        mask = inputs["completion_mask"][..., 1:]
        logits = model(inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits[:, :-1].log_softmax(-1)
        each = logits.gather(2, inputs["input_ids"][:, 1:].unsqueeze(2)).squeeze(2)
        chosen, rejected = ((each * mask).sum(1) / mask.sum(1)).chunk(2)
        owner = SimpleNamespace(
            alpha=0.0,
            accelerator=self.accelerator,
            beta=self.args.beta,
            loss_type="simpo",
            simpo_gamma=0.7,
            label_smoothing=self.args.label_smoothing,
        )
        loss = self.of(owner, chosen, rejected)
        return (loss, None) if return_outputs else loss


class SimPo(PerToken):
    def of(self, owner, chosen, rejected):
        return CPOTrainer.cpo_loss(owner, chosen, rejected)[0].mean()


class Orpo(PerToken):
    def of(self, owner, chosen, rejected):
        return -chosen.mean() - ORPOTrainer.odds_ratio_loss(owner, chosen, rejected)[0].mean()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work:
        tokens = pathlib.Path(work) / "tokens.json"
        rpo = {"rpo": {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 0.5]}}
        trl_golden.write(tokens, "rpo", "pairs", DPOTrainer, DPOConfig, rpo, {"chat": EQUAL}, KEYS, METRICS)
        for name, trainer, settings in (
            ("simpo", SimPo, {"beta": 2.0, "label_smoothing": 0.1}),
            ("orpo", Orpo, {"beta": 0.3}),
        ):
            trl_golden.write(tokens, name, "pairs", trainer, DPOConfig, {name: settings}, {"chat": CHAT}, KEYS, ())
