package io.github.sparkfinetune.core.train.sample;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.train.step.StepParts;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.FirstSamples;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleDraws;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.task.DatasetWarnings;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** The median norm of the gradients of the samples of {@code training.privacy.public_sample}. */
public final class PublicNorm {
    private static final String KEY = "training.privacy.public_sample: ";
    /** Highest number of samples that are measured. */
    private static final int SAMPLES = 1000;

    private final RunConfig config;
    private final Manifest manifest;
    private final SampleDraws draws;
    private final Configuration hadoop;
    private final String set;

    /** @param draws draws of the task, which read a public sample as it is evaluated */
    public PublicNorm(RunConfig config, Manifest manifest, SampleDraws draws, Configuration hadoop) {
        this.config = config;
        this.manifest = manifest;
        this.draws = draws;
        this.hadoop = hadoop;
        this.set = config.training().privacy().publicSample();
    }

    /**
     * Returns the median with the present parameters. All ranks call this method, each measures a part, and all have
     * the same result.
     *
     * @param step measures norms
     * @param progressed called after each piece of work; may throw
     * @throws RunException if the set has no samples, shares rows with the training split, or has no gradient
     */
    public double measure(TrainStep step, Collective collective, Runnable progressed) throws IOException {
        check();
        List<Sample> samples = new ArrayList<>();
        Path dataset = new Path(config.dataset());
        SampleSchema schema = TaskDatas.of(config).readWhileTraining();
        try (SampleSource split = ParquetSamples.open(dataset, manifest, set, schema, hadoop)) {
            FirstSamples.of(draws.evaluated(split), SAMPLES)
                    .part(collective.rank(), collective.size())
                    .forEachRemaining(samples::add);
        }
        int batchSize = config.training().perDeviceTrainBatchSize();
        List<Double> own = norms(step.parts(), TrainStep.microBatches(samples, batchSize), progressed);
        double median = median(gathered(collective, own));
        if (!(median > 0) || !Double.isFinite(median)) {
            throw RunException.data(KEY + set + ": the median norm of its gradients is " + median
                    + ", to which nothing can be clipped: name rows like those of data.train, or set"
                    + " training.privacy.max_grad_norm");
        }
        return median;
    }

    /**
     * Returns the L2 norm of the gradient of each sample's loss with the present parameters, as a private step measures
     * it. Changes no gradient of the step.
     *
     * @param parts parts of a step whose gradients have room for those of samples
     * @param microBatches this rank's micro-batches
     * @param progressed called before each piece of work; may throw
     */
    public static List<Double> norms(StepParts parts, List<List<Sample>> microBatches, Runnable progressed) {
        parts.passes().begin(0);
        List<Double> norms = new ArrayList<>();
        try (NDManager owner = parts.manager().newSubManager()) {
            SamplePass pass = new SamplePass(owner, parts);
            for (List<Sample> part : microBatches) {
                for (List<Sample> some :
                        TrainStep.microBatches(part, pass.gradients().most())) {
                    progressed.run();
                    try (NDManager ofSome = owner.newSubManager()) {
                        Arrays.stream(pass.norms(ofSome, some)).forEach(norms::add);
                    }
                }
            }
        }
        return norms;
    }

    private void check() {
        if (!manifest.splits().containsKey(set)) {
            throw RunException.data(KEY + "the dataset in " + config.dataset() + " has no samples of " + set
                    + ": name another set of data.held_out");
        }
        if (DatasetWarnings.isLeak(manifest, set)) {
            throw RunException.data(KEY + "rows of " + set + " are in data.train too, so they are not public: take them"
                    + " out of one of the two, and prepare again");
        }
    }

    private static double[] gathered(Collective collective, List<Double> own) {
        ByteBuffer bytes = ByteBuffer.allocate(own.size() * Double.BYTES);
        own.forEach(bytes::putDouble);
        return Arrays.stream(collective.allGather(bytes.array()))
                .flatMapToDouble(all -> {
                    double[] norms = new double[all.length / Double.BYTES];
                    ByteBuffer.wrap(all).asDoubleBuffer().get(norms);
                    return Arrays.stream(norms);
                })
                .toArray();
    }

    /** Returns the middle value, or the mean of both. */
    private static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
