package io.github.sparkfinetune.conf.load;

/** Writes {@code submit/docs/coming-from.md} from {@link OtherNames}. */
final class ComingFrom {
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

            The module `conf` makes this page from `other-names.yaml`, with
            `./mvnw -pl conf test -Dtest=OtherNamesTest -Dconfig.write=true`.
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
