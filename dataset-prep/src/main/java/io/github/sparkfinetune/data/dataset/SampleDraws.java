package io.github.sparkfinetune.data.dataset;

/**
 * Random changes made to a sample each time it is taken from a dataset. They are pure functions of the sample, its
 * index and the seeds of the run, so neither ranks nor restarts change them. Most tasks change nothing.
 */
public interface SampleDraws {
    /** Leaves samples as they are. */
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
     * Returns a sample as it is trained on.
     *
     * @param epoch in [0, …)
     */
    Sample train(Sample sample, int epoch);

    /** Returns a held-out sample as it is evaluated, the same each time. */
    Sample evaluate(Sample sample);

    /** Returns a held-out split whose samples are as they are evaluated. */
    default SampleSource evaluated(SampleSource split) {
        return split.mapped(this::evaluate);
    }
}
