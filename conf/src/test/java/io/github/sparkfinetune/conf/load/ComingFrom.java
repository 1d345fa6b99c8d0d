package io.github.sparkfinetune.conf.load;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Writes {@code submit/docs/coming-from.md} from {@link OtherNames}. */
final class ComingFrom {
    /**
     * A default that differs from Hugging Face's.
     *
     * @param key key of a run
     * @param huggingFace default of its counterpart
     */
    private record Different(String key, String huggingFace, String remark) {
        String row(Map<String, String> defaults) {
            return "| `" + key + "` | " + huggingFace + " | " + Objects.requireNonNull(defaults.get(key), key) + " | "
                    + remark + " |\n";
        }
    }

    private static final List<Different> DIFFERENT = List.of(
            new Different(
                    "training.learning_rate",
                    "5e-5; SFT 2e-5, DPO and KTO 1e-6, reward 1e-4",
                    "[by task and method](../../CONFIG.md#defaults-of-tasks-and-methods)"),
            new Different("training.num_train_epochs", "3", "[by task](../../CONFIG.md#defaults-of-tasks-and-methods)"),
            new Different("training.warmup_ratio", "0", ""),
            new Different("method.r", "8", ""),
            new Different("method.lora_alpha", "8", ""),
            new Different("method.target_modules", "by architecture, usually query and value", ""),
            new Different("training.per_device_train_batch_size", "8", ""),
            new Different("training.per_device_eval_batch_size", "8", ""),
            new Different(
                    "training.gradient_checkpointing", "false; TRL true", "`finetune plan` says whether it is needed"),
            new Different("precision", "fp32; TRL bf16", "bf16 where the processors are faster in it"),
            new Different("data.max_length", "TRL 1024", "`prepare` warns of texts that lose their ends"),
            new Different("data.assistant_only_loss", "false", "only answers count in the loss"),
            new Different(
                    "data.eval_fraction",
                    "no evaluation",
                    "the rows choose the written model, as with `load_best_model_at_end`; 0 trains on all"),
            new Different("data.stride", "`doc_stride` of `run_qa.py`: 128", "null is a third of `data.max_length`"),
            new Different("question_answering.pad_to_max_length", "true in `run_qa.py`", ""),
            new Different("training.logging_steps", "500; TRL 10", ""),
            new Different("training.save_steps", "500", "`training.save_minutes` decides"),
            new Different("training.save_total_limit", "all", "besides the best one"),
            new Different("training.report_to", "all that are installed", ""),
            new Different("method.bnb_4bit_use_double_quant", "false", "and always NF4, where theirs is FP4"),
            new Different("generation.max_new_tokens", "20 tokens with the prompt (`max_length`)", ""));

    private ComingFrom() {}

    static String markdown() {
        StringBuilder text = new StringBuilder("""
            # Coming from Transformers, PEFT, TRL, LLaMA-Factory or Axolotl

            Most names are Hugging Face's own. A key of `TrainingArguments` is below `training`, a key of `LoraConfig` below `method`, a key
            of `GenerationConfig` below `generation`. Keys that say how text becomes samples are below `data`. This page does not repeat
            these names; [CONFIG.md](../../CONFIG.md) lists them all. The tables list the names that differ. A name of the tables, in a YAML
            file or after `--set`, is an error that names the key.

            `finetune run --config run.yaml` replaces `run_glue.py`, `SFTTrainer`, `llamafactory-cli train` and `axolotl train`.
            `finetune init` writes this file from the data and the model. `finetune merge` exports a merged model, `finetune push` uploads it.

            The module `conf` makes this page from `other-names.yaml` and `defaults.yaml`, with
            `./mvnw -pl conf test -Dtest=OtherNamesTest -Dconfig.write=true`.

            ## From `SFTTrainer`

            ```python
            from datasets import load_dataset
            from peft import LoraConfig
            from trl import SFTConfig, SFTTrainer

            trainer = SFTTrainer(
                model="models/smollm2",
                train_dataset=load_dataset("json", data_files="data/words/train.jsonl", split="train"),
                eval_dataset=load_dataset("json", data_files="data/words/test.jsonl", split="train"),
                args=SFTConfig(
                    output_dir="runs/words",
                    max_length=256,
                    packing=True,
                    assistant_only_loss=True,
                    num_train_epochs=1,
                    per_device_train_batch_size=2,
                    gradient_accumulation_steps=4,
                    learning_rate=1e-3,
                    lr_scheduler_type="cosine",
                ),
                peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"),
            )
            trainer.train()                     # accelerate launch --num_processes 4 sft.py
            trainer.evaluate()
            trainer.save_model()
            ```

            is here

            ```yaml
            model: models/smollm2
            task: sft
            data:
              train: data/words/train.jsonl     # a file, a folder, a glob or a table
              test: data/words/test.jsonl
              eval_fraction: 0                  # else a tenth of the training rows is held out
              max_length: 256
              packing: bfd                      # packing=True of TRL; attention stays within a conversation
            method: {type: lora, r: 16, lora_alpha: 32, target_modules: all-linear}
            training:
              per_device_train_batch_size: 2
              gradient_accumulation_steps: 4
              learning_rate: 1.0e-3
              lr_scheduler_type: cosine
            cluster: {ranks: 4}                 # num_processes: the executors of the training
            output: {dir: runs/words}
            ```

            ```bash
            submit/bin/finetune run --config run.yaml
            ```

            | `SFTTrainer` | here |
            |---|---|
            | `trainer.train()`, `resume_from_checkpoint=True` | `finetune train`; the same command resumes |
            | `trainer.evaluate()` | `finetune evaluate`, which also evaluates the base model |
            | `trainer.save_model()` | the end of `train`: `runs/words/model`, which `PeftModel.from_pretrained` loads |
            | `model.merge_and_unload()` | `finetune merge --output FOLDER` |
            | `model.generate(...)` | `finetune predict --input questions.jsonl`, as a Spark job |
            | tokenization in the training's process | `finetune prepare`, once for all runs with the same options of `data` |
            | the order of the dataset, or a random one | always a random order, a function of `training.seed` and the epoch |

            ## Defaults that differ

            Defaults of Transformers 4.57, PEFT 0.21 and TRL 1.16. Keys that are not in the table have the default of their counterpart; 0 or
            `null` stands for None.

            """);
        text.append("| here | their default | default here | |\n|---|---|---|---|\n");
        Map<String, String> defaults = ConfigReference.defaults();
        DIFFERENT.forEach(different -> text.append(different.row(defaults)));
        text.append("""

                TRL's trainers of preferences and rewards turn the model's dropout off (`disable_dropout`); here the dropout of `config.json`
                applies. Held-out samples are never packed.
                """);
        OtherNames.byLibrary().forEach((library, names) -> {
            text.append("\n## ").append(library).append("\n\n| there | here | |\n|---|---|---|\n");
            names.forEach((name, meaning) -> text.append(row(name, meaning)));
        });
        return text.toString();
    }

    private static String row(String name, OtherNames.Name meaning) {
        String here = meaning.key() == null ? "–" : "`" + meaning.setting() + "`";
        String remark = meaning.remark() == null ? "" : meaning.remark();
        return "| `" + name + "` | " + here + " | " + remark + " |\n";
    }
}
