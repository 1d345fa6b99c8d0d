package io.github.sparkfinetune.extra.explain;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.train.Influence;
import io.github.sparkfinetune.core.train.RankContext;
import io.github.sparkfinetune.core.train.StopRequest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.spark.cluster.ComputingTasks;
import io.github.sparkfinetune.spark.cluster.DjlSettings;
import io.github.sparkfinetune.spark.cluster.Placement;
import io.github.sparkfinetune.spark.model.TaskModels;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Ranks a range of training samples by their influence on predictions. Consecutive tasks of one JVM share the loaded
 * model.
 *
 * @param config configuration with absolute paths
 * @param command random id of the command; letters, digits and hyphens
 * @param predictions samples of each explained row; the influence on a row is the sum of that on its samples
 * @param most highest number of samples on each side of a prediction
 */
record InfluenceTask(
        RunConfig config,
        String command,
        Placement placement,
        SerializableConfiguration configuration,
        ArrayList<Influence.Point> points,
        ArrayList<ArrayList<Sample>> predictions,
        int most)
        implements Function<InfluenceTask.Range, Ranking> {

    /** Training samples with indexes in [from, to). */
    record Range(long from, long to) implements Serializable {}

    private record Key(String command, int gpu, int threads) {}

    @Override
    public Ranking call(Range range) throws Exception {
        DjlSettings.apply();
        TaskContext task = TaskContext.get();
        ComputingTasks.begin(task);
        Key key = new Key(command, placement.gpu(task), placement.threads(task));
        TaskModels.Loaded<Influence> loaded =
                TaskModels.take(key, command, folder -> open(key, folder), Influence::close);
        TaskModels.giveAtEnd(task, loaded);
        try {
            return ranked(loaded.model(), range);
        } catch (CancellationException e) {
            throw ComputingTasks.isStopped(task) ? new TaskKilledException("while influence was computed") : e;
        }
    }

    private Influence open(Key key, Path folder) throws Exception {
        Configuration hadoop = configuration.value();
        RankContext rank = new RankContext(
                new SingleRank(), key.gpu(), key.threads(), hadoop, folder, command, record -> {}, InfluenceTask::stop);
        return new Influence(config, rank, points);
    }

    /** Asks the task of the calling thread, because the model serves one task after the other. */
    private static StopRequest stop() {
        return Optional.ofNullable(TaskContext.get())
                .filter(ComputingTasks::isStopped)
                .map(task -> StopRequest.NOW)
                .orElse(StopRequest.NONE);
    }

    private Ranking ranked(Influence influence, Range range) {
        influence.attach();
        List<Sample> samples = predictions.stream().flatMap(List::stream).toList();
        double[][] all = influence.of(samples, range.from(), range.to());
        Ranking ranking = new Ranking(predictions.size(), most);
        for (int i = 0; i < all.length; i++) {
            if (all[i] != null) {
                ranking.add(range.from() + i, byRow(all[i]));
            }
        }
        return ranking;
    }

    private double[] byRow(double... bySample) {
        double[] sums = new double[predictions.size()];
        int at = 0;
        for (int row = 0; row < sums.length; row++) {
            for (int i = 0; i < predictions.get(row).size(); i++) {
                sums[row] += bySample[at++];
            }
        }
        return sums;
    }
}
