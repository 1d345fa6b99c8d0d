package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.plan.RunPlan;
import io.github.sparkfinetune.core.train.FineTuner;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.run.RunPaths;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/** Measures the speed of a training by its first steps, in a folder of their own. */
public final class MeasureJob {
    /** First steps, in which memory is allocated and scripts are optimized. */
    private static final int WARM_UP = 3;

    private static final int MEASURED = 9;

    private MeasureJob() {}

    /**
     * Speed of a training.
     *
     * @param steps number of measured steps
     * @param secondsPerStep mean seconds of an optimizer step of the run
     * @param seconds seconds of all optimizer steps of the run, without evaluations and checkpoints
     */
    public record Speed(int steps, double secondsPerStep, double seconds) {
        /**
         * @param tokensPerSecond speed of each step, from the first
         * @param work work of the run
         */
        static Speed of(List<Double> tokensPerSecond, RunPlan.Work work) {
            List<Double> measured = tokensPerSecond.stream()
                    .skip(Math.min(WARM_UP, tokensPerSecond.size() - 1))
                    .sorted()
                    .toList();
            // Steps differ in tokens, and one may wait for another process: the median is that of a usual step.
            double usual = measured.get(measured.size() / 2);
            double seconds = work.epochs() * work.tokens() / usual;
            return new Speed(measured.size(), seconds / work.steps(), seconds);
        }
    }

    /**
     * Trains some steps on the prepared dataset, and deletes what they wrote.
     *
     * @param config configuration of the run; its paths may be relative
     * @param work work of the run
     * @throws RunException as {@link TrainJob#run(SparkSession, RunConfig, java.util.function.Consumer)}
     */
    public static Speed run(SparkSession session, RunConfig config, RunPlan.Work work) {
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        RunConfig run = RunPaths.resolve(config, session.sparkContext().master(), hadoop);
        Path folder = new Path(run.output().dir().replaceFirst("/+$", "") + "-measured-" + UUID.randomUUID());
        RunConfig measured = RunConfigLoader.with(
                run,
                "plan",
                List.of(
                        RunConfigLoader.override("data.dir", run.dataset()),
                        RunConfigLoader.override("output.dir", folder.toString()),
                        "training.logging_steps=1",
                        "training.eval_steps=0",
                        "training.early_stopping_patience=0"));
        Extent extent = new Extent(Math.min(WARM_UP + MEASURED, work.steps()), 1);
        try {
            List<Double> speeds = new CopyOnWriteArrayList<>();
            TrainJob.run(session, measured, extent, record -> {
                if (record.tokensPerSecond() != null) {
                    speeds.add(record.tokensPerSecond());
                }
            });
            return Speed.of(speeds, work);
        } finally {
            FineTuner.release(measured, hadoop);
            HadoopFiles.discard(HadoopFiles.fileSystem(folder, hadoop), folder);
        }
    }
}
