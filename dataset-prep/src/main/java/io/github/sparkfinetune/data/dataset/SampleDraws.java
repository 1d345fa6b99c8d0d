package io.github.sparkfinetune.data.dataset;

/**
 * What is drawn of a sample each time that it is taken from a dataset: pure functions of the sample, its index and the
 * seeds of the run, so that neither ranks nor restarts change it. Most tasks draw nothing.
 */
public interface SampleDraws {
    /** Samples stay as they are. */
    SampleDraws NONE = new SampleDraws() {
        @Override
        public Sample train(Sample sample, int epoch) {
            return sample;
        }

        @Override
        public Sample evaluate(Sample sample) {
            return sample;
        }
    };

    /**
     * A sample as it is trained on.
     *
     * @param epoch in [0, …)
     */
    Sample train(Sample sample, int epoch);

    /** A held-out sample as it is measured, the same each time. */
    Sample evaluate(Sample sample);

    /** A held-out split whose samples are as they are measured. */
    default SampleSource evaluated(SampleSource split) {
        return split.mapped(this::evaluate);
    }
}
