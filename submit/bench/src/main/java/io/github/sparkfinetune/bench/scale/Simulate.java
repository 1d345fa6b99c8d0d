package io.github.sparkfinetune.bench.scale;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.spark.corpus.NearDuplicates;
import io.github.sparkfinetune.spark.estimate.DriverEstimate;
import io.github.sparkfinetune.spark.estimate.PredictEstimate;
import io.github.sparkfinetune.spark.estimate.PrepareEstimate;
import io.github.sparkfinetune.spark.estimate.ShuffleEstimate;
import io.github.sparkfinetune.spark.source.SourceFiles;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Prints tasks, blocks, bytes and the driver's memory of {@code prepare} and {@code predict} for a corpus that does not
 * exist: {@code Simulate DOCUMENTS BYTES_A_DOCUMENT FILES LABELS NODES CORES}. Nothing runs.
 */
final class Simulate {
    private static final double GB = 1e9;
    private static final double MB = 1e6;

    private Simulate() {}

    public static void main(String[] arguments) {
        long documents = Long.parseLong(arguments[0]);
        long bytes = documents * Long.parseLong(arguments[1]);
        long files = Long.parseLong(arguments[2]);
        int labels = Integer.parseInt(arguments[3]);
        int nodes = Integer.parseInt(arguments[4]);
        int cores = nodes * Integer.parseInt(arguments[5]);
        SourceFiles source = SourceFiles.planned(files, bytes);
        RunConfig config = RunConfigLoader.parse(
                "model: m\ntask: sft\ndata: {train: corpus}\noutput: {dir: run}\n", "simulate", List.of());
        var near = config.data().corpus().nearDedup();
        PrepareEstimate prepare = PrepareEstimate.of(
                new PrepareEstimate.Corpus(source, documents, labels, cores),
                Optional.of(new NearDuplicates.Options(near.ngram(), near.bands(), near.rows(), near.threshold(), 0)));
        print("corpus      %,d documents, %,.0f GB, %,d files, %,d labels", documents, bytes / GB, files, labels);
        print("cluster     %,d nodes, %,d cores", nodes, cores);
        print("prepare     %,d partitions, %,d shards", prepare.partitions(), prepare.shards());
        print("");
        print("shuffle          maps   reducers levels         blocks  blocks a task  KB a block   GB written");
        for (ShuffleEstimate shuffle : prepare.shuffles()) {
            print(
                    "%-10s %,10d %,10d %6d %,14d %,14.0f %,11.0f %,12.0f",
                    shuffle.name(),
                    shuffle.levels().maps(),
                    shuffle.levels().reducers(),
                    shuffle.levels().writes(),
                    shuffle.blocks(),
                    shuffle.blocksPerTask(),
                    shuffle.blockBytes() / 1e3,
                    shuffle.bytes() / GB);
        }
        print("");
        print(
                "disk        %,.0f GB a node at most before compression, of which %,.0f GB persisted",
                (prepare.shuffled() + prepare.persisted()) / GB / nodes, prepare.persisted() / GB / nodes);
        driver("prepare", prepare.driver());
        PredictEstimate predict = PredictEstimate.of(TaskSpecs.of(config), source, documents);
        print("");
        print("predict     %,d parts of %,d rows, nothing shuffled", predict.parts(), predict.rows());
        driver("predict", predict.driver());
    }

    private static void driver(String job, DriverEstimate driver) {
        print("driver of %s, MB", job);
        driver.parts().forEach((part, bytes) -> print("  %-28s%,10.0f", part, bytes / MB));
        print("  %-28s%,10.0f", "sum", driver.sum() / MB);
    }

    private static void print(String pattern, Object... values) {
        System.out.println(String.format(Locale.ROOT, pattern, values));
    }
}
