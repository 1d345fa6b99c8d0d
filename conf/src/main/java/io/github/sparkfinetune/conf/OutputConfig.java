package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;

/** Where results are written, and in what form. */
public record OutputConfig(
        @Key(path = true, mayChange = true, hf = "TrainingArguments.output_dir")
        String dir,

        @Key(mayChange = true, hf = "PretrainedConfig.dtype")
        Dtype dtype)
        implements Serializable {

    /** Element type of the weights of a model that was trained as a whole; an adapter's are always float32. */
    public enum Dtype {
        /** As they were trained. */
        @JsonProperty("float32")
        FLOAT32,
        /** Rounded to the nearest, in half the space. */
        @JsonProperty("bfloat16")
        BFLOAT16
    }

    public OutputConfig {
        Check.present("output.dir", dir);
        Check.present("output.dtype", dtype);
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
