package io.github.sparkfinetune.conf;

/**
 * Where results are written.
 *
 * @param dir folder of this run; one that holds another run's results is refused
 */
public record OutputConfig(String dir) {

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
