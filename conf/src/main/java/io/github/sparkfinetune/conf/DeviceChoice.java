package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Where the ranks compute. */
public enum DeviceChoice {
    /** The GPU that Spark gives the task, else the CPU. */
    @JsonProperty("auto")
    AUTO,
    /** The CPU, even where there is a GPU. */
    @JsonProperty("cpu")
    CPU,
    /** The GPU that Spark gives the task; without a usable one the run is refused. */
    @JsonProperty("gpu")
    GPU
}
