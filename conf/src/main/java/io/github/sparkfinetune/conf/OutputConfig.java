package io.github.sparkfinetune.conf;

import java.io.Serializable;

/** Where results are written. */
public record OutputConfig(
        @Key(path = true, mayChange = true, hf = "TrainingArguments.output_dir")
        String dir) implements Serializable {

    public OutputConfig {
        Check.present("output.dir", dir);
    }

    /** Where the checkpoints lie. */
    public String checkpoints() {
        return dir + "/checkpoints";
    }

    /** Where the trained model lies, in Hugging Face layout. */
    public String model() {
        return dir + "/model";
    }
}
