package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;

/**
 * Output folders and format.
 *
 * @param dir folder of the run; a folder with results of another run is refused
 * @param dtype dtype of a model that full or freeze has trained, whatever the dtype of its base; an adapter is always
 *     float32
 */
public record OutputConfig(
        @Key(path = true, mayChange = true, hf = "TrainingArguments.output_dir")
        String dir,

        @Key(mayChange = true, hf = "PretrainedConfig.dtype")
        Dtype dtype)
        implements Serializable {

    /** Element type of the weights of a fully trained model; an adapter's weights are always float32. */
    public enum Dtype {
        /** Float32, as in training. */
        @JsonProperty("float32")
        FLOAT32,
        /** Bfloat16, rounded to nearest, in half the space. */
        @JsonProperty("bfloat16")
        BFLOAT16
    }

    public OutputConfig {
        Check.present("output.dir", dir);
        Check.present("output.dtype", dtype);
    }

    /** Returns the folder of the checkpoints. */
    public String checkpoints() {
        return dir + "/checkpoints";
    }

    /** Returns the folder of the trained model in Hugging Face layout. */
    public String model() {
        return dir + "/model";
    }
}
