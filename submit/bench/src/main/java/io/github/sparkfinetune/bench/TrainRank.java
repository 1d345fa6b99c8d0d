package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.plan.StepPlan;
import io.github.sparkfinetune.core.train.FineTuner;
import io.github.sparkfinetune.core.train.RankContext;
import io.github.sparkfinetune.core.train.StopRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/** Runs a rank of {@link TrainBench}: {@code TrainRank RANK RANKS RUN_YAML THREADS}. */
final class TrainRank {
    private TrainRank() {}

    public static void main(String[] arguments) throws IOException {
        int rank = Integer.parseInt(arguments[0]);
        int ranks = Integer.parseInt(arguments[1]);
        int threads = Integer.parseInt(arguments[3]);
        RunConfig config = RunConfigLoader.load(Path.of(arguments[2]), List.of());
        TimedSteps steps = new TimedSteps();
        try (Collective collective = RankProcesses.join(rank)) {
            Path localDir = Path.of(System.getProperty("java.io.tmpdir"));
            RankContext context = new RankContext(
                    collective,
                    TimedSteps.GPU,
                    threads,
                    new Configuration(),
                    localDir,
                    "bench",
                    steps,
                    () -> StopRequest.NONE);
            FineTuner.run(config, context, null);
        }
        if (rank == 0) {
            int batch = Math.toIntExact(StepPlan.globalBatch(config.training(), ranks));
            System.out.println(steps.line(config, batch, ranks, threads));
        }
    }
}
