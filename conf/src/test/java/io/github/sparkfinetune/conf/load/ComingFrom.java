package io.github.sparkfinetune.conf.load;

/** Writes {@code submit/docs/coming-from.md} from {@link OtherNames}. */
final class ComingFrom {
    private ComingFrom() {}

    static String markdown() {
        StringBuilder text = new StringBuilder("""
            # Coming from Transformers, PEFT, TRL, LLaMA-Factory or Axolotl

            Most names are Hugging Face's own: a key of `TrainingArguments` is below `training`, one of `LoraConfig` below `method`, one of
            `GenerationConfig` below `generation`, and what says how text becomes samples is below `data`. They are not repeated here;
            [CONFIG.md](../../CONFIG.md) has them all. These tables have the names that differ. Each of them, written in a YAML file or behind
            `--set`, is an error that names the key.

            A run of `run_glue.py`, `SFTTrainer`, `llamafactory-cli train` or `axolotl train` is `finetune run --config run.yaml`; `finetune init`
            writes that file from the data and the model. Exporting a merged model is `finetune merge`, uploading it `finetune push`.

            This page is made from `other-names.yaml` of the module `conf` by
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
