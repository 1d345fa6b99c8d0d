package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.checkpoint.CheckpointFiles;
import io.github.sparkfinetune.core.checkpoint.CheckpointStore;
import io.github.sparkfinetune.core.checkpoint.LoadedCheckpoint;
import io.github.sparkfinetune.core.optim.LrSchedule;
import io.github.sparkfinetune.core.plan.StepPlan;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.core.train.sample.SampleProducts;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;

/**
 * Influence of training samples on predictions, as TracInCP estimates it (Pruthi and others, 2020): over the
 * checkpoints c of a run, the sum of w(c) times the product of the gradients of both losses with the parameters of c.
 *
 * <p>w(c) is the sum of the learning rates of the steps since the checkpoint before, divided by the number of training
 * samples. So the influence estimates how much the loss of the prediction has decreased because of the sample's share
 * of these steps, if each step were one of SGD. A sample with positive influence supports the prediction, a sample with
 * negative influence against it. Not for concurrent use.
 */
public final class Influence implements AutoCloseable {
    /** Bytes of the predictions' gradients that are kept at once, unless one takes more. */
    private static final long BYTES = 1L << 30;

    private final RankContext rank;
    private final CheckpointStore store;
    private final List<Point> points;
    private final TrainingResources resources;
    private final SampleProducts products;

    /**
     * A checkpoint of the run.
     *
     * @param text the checkpoint's files as {@link CheckpointFiles#toText}, so that no task lists them again
     * @param weight factor of the products at the checkpoint
     */
    public record Point(String text, double weight) implements Serializable {
        /** Returns the name of the checkpoint. */
        public String checkpoint() {
            return files().checkpoint().name();
        }

        private CheckpointFiles files() {
            return CheckpointFiles.ofText(text);
        }
    }

    /**
     * @param config configuration with absolute paths
     * @param rank environment of a rank that computes alone
     * @param points checkpoints from {@link #points}
     */
    public Influence(RunConfig config, RankContext rank, List<Point> points) throws IOException {
        requireSeparable(config);
        this.rank = rank;
        this.points = List.copyOf(points);
        store = FineTuner.store(config, rank.hadoop(), rank.attempt());
        Checkpoint newest = points.get(0).files().checkpoint();
        resources = new TrainingResources(config, rank, FineTuner.precision(config, rank, newest));
        try {
            products = new SampleProducts(
                    resources.manager(), resources.model(), resources.loaded().objective(), config.training());
        } catch (RuntimeException e) {
            resources.close();
            throw e;
        }
    }

    /**
     * Refuses a run whose samples have no gradient of their own.
     *
     * @throws RunException if losses compare samples, or read answers of another model
     */
    public static void requireSeparable(RunConfig config) {
        String task = "task: " + config.task().configName();
        if (config.task().comparesSamples()) {
            throw RunException.config(
                    task + " compares the samples of a step, so a sample alone has no influence to explain");
        }
        boolean isTaught = config.teacher().teaches();
        if (isTaught || References.areRead(config)) {
            throw RunException.config((isTaught ? "teacher.model" : task)
                    + " reads answers of another model, which predictions to explain do not have");
        }
        boolean addsRows = config.method().isLora()
                && !config.tokenizer().addSpecialTokens().isEmpty();
        if (addsRows || !config.method().trainableTokenIndices().isEmpty()) {
            throw RunException.config((addsRows ? "tokenizer.add_special_tokens" : "method.trainable_token_indices")
                    + " trains single rows of the embedding table, whose influence cannot be explained");
        }
    }

    /**
     * Returns the committed and undamaged checkpoints of a run, the newest first. Reads all of their files.
     *
     * @param config configuration with absolute paths
     * @throws RunException if there is no checkpoint, or the dataset is not the one that the run was trained on
     */
    public static List<Point> points(RunConfig config, Manifest manifest, Configuration hadoop) {
        CheckpointStore store = FineTuner.store(config, hadoop, "reader");
        // Erased samples keep their places.
        long samples = manifest.split(Manifest.TRAIN).shards().stream()
                .mapToLong(DatasetSplit.Shard::rows)
                .sum();
        List<CheckpointFiles> sound = store.newest().map(store::from).orElse(List.of()).stream()
                .filter(files -> store.check(files).isSound())
                .collect(Collectors.toCollection(ArrayList::new));
        Collections.reverse(sound);
        List<Point> points = new ArrayList<>();
        long before = 0;
        for (CheckpointFiles files : sound) {
            Checkpoint checkpoint = files.checkpoint();
            TrainState state = TrainState.of(store.state(checkpoint), checkpoint.name());
            state.requireSame(checkpoint.name(), config.training().seed(), samples, manifest);
            if (checkpoint.step() > before) {
                StepPlan plan = StepPlan.of(config.training(), samples, state.globalBatch());
                LrSchedule schedule = LrSchedule.of(config.training(), plan.totalSteps());
                double rates = LongStream.range(before, checkpoint.step())
                        .mapToDouble(schedule::at)
                        .sum();
                points.add(0, new Point(files.toText(), rates / samples));
                before = checkpoint.step();
            }
        }
        if (points.isEmpty()) {
            throw RunException.data(
                    "output.dir: there is no checkpoint in " + config.output().checkpoints()
                            + ", and influence is computed with the weights of checkpoints: train first");
        }
        return points;
    }

    /**
     * Returns the influence of training samples on predictions.
     *
     * @param predictions samples with the labels whose loss is explained
     * @param from index of the first training sample
     * @param to index after the last training sample
     * @return influence by training sample and prediction: [to - from][predictions]; null for an erased sample
     */
    public double[][] of(List<Sample> predictions, long from, long to) {
        // The longest comes first, because its memory tells how many are kept at once.
        int[] order = IntStream.range(0, predictions.size())
                .boxed()
                .sorted(Comparator.comparingInt(place -> -predictions.get(place).length()))
                .mapToInt(Integer::intValue)
                .toArray();
        List<Sample> explained = IntStream.of(order)
                .mapToObj(place -> resources.draws().evaluate(predictions.get(place)))
                .toList();
        List<Sample> trained = LongStream.range(from, to)
                .mapToObj(index -> resources.train().read(index))
                .filter(sample -> !sample.isErased())
                .map(sample -> resources.draws().evaluate(sample))
                .sorted(Comparator.comparingInt(Sample::length).reversed())
                .toList();
        double[][] sums = new double[Math.toIntExact(to - from)][];
        trained.forEach(sample -> sums[(int) (sample.index() - from)] = new double[explained.size()]);
        for (Point point : points) {
            restore(point);
            int kept;
            for (int first = 0; first < explained.size(); first += kept) {
                kept = products.keep(explained.subList(first, explained.size()), BYTES, rank::progressed);
                double[][] some = products.with(trained, rank::progressed);
                for (int i = 0; i < some.length; i++) {
                    double[] sum = sums[(int) (trained.get(i).index() - from)];
                    for (int p = 0; p < some[i].length; p++) {
                        sum[order[first + p]] += point.weight() * some[i][p];
                    }
                }
            }
        }
        return sums;
    }

    /** Makes the calling thread the computing thread, instead of the thread that loaded the model. */
    public void attach() {
        Torch.start(rank.threads());
    }

    private void restore(Point point) {
        TrainingTensors tensors = resources.tensors();
        try (LoadedCheckpoint loaded =
                store.read(point.files(), tensors.neededParameters(), resources.temporary(), rank::progressed)) {
            tensors.restoreParameters(loaded);
        }
    }

    @Override
    public void close() {
        try {
            products.close();
        } finally {
            resources.close();
        }
    }
}
