package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.plan.TrainingOrder;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;

/**
 * Measures how fast the ranks of a training can read samples if they do nothing else: {@code ReadBench MODEL_DIR TASK
 * MILLIONS LENGTH READERS}. Writes a dataset of MILLIONS million random tokens in samples of LENGTH tokens. Then one
 * reader, and READERS readers at once, read their shares of an epoch step by step, each from the files of its rank.
 * Prints the tokens that a reader decoded per second, the tokens of its own samples per second, and the tokens decoded
 * per second of a core.
 */
final class ReadBench {
    private static final double SECOND = 1e9;

    private final RunConfig config;
    private final Manifest manifest;
    private final int length;

    private ReadBench(RunConfig config, Manifest manifest, int length) {
        this.config = config;
        this.manifest = manifest;
        this.length = length;
    }

    /** Work of a reader. */
    private record Read(long decoded, long own, double seconds) {}

    public static void main(String[] arguments) throws Exception {
        int length = Integer.parseInt(arguments[3]);
        int readers = Integer.parseInt(arguments[4]);
        Path folder = Files.createTempDirectory("read-bench-");
        try {
            RunConfig config = RunConfigLoader.parse(
                    "model: %s%ntask: %s%noutput: {dir: %s}%ndata: {train: unused, max_length: %d}%ncluster: {ranks: %d}%n"
                            .formatted(arguments[0], arguments[1], folder, length, readers),
                    "bench",
                    List.of());
            RandomDataset.write(config, (int) (Double.parseDouble(arguments[2]) * 1e6 / length), length);
            org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
            Manifest manifest = Manifest.read(dataset, new Configuration());
            ReadBench bench = new ReadBench(config, manifest, length);
            bench.run(1, "warming up");
            bench.run(1, "one reader");
            bench.run(readers, readers + " readers");
        } finally {
            HadoopFiles.deleteLocal(folder);
        }
    }

    private void run(int readers, String what) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(readers);
        try {
            double cpu = ProcessorTime.seconds();
            List<Callable<Read>> all = new ArrayList<>();
            for (int rank = 0; rank < readers; rank++) {
                int mine = rank;
                all.add(() -> read(mine, readers));
            }
            long decoded = 0;
            double slowest = Double.MAX_VALUE;
            double own = Double.MAX_VALUE;
            for (Future<Read> read : threads.invokeAll(all)) {
                Read done = read.get();
                decoded += done.decoded();
                slowest = Math.min(slowest, done.decoded() / done.seconds());
                own = Math.min(own, done.own() / done.seconds());
            }
            System.out.printf(
                    Locale.ROOT,
                    "ours read %s Mtok/s decoded %.1f own Mtok/s %.1f a core Mtok/s %.1f%n",
                    what.replace(' ', '-'),
                    slowest / 1e6,
                    own / 1e6,
                    decoded / (ProcessorTime.seconds() - cpu) / 1e6);
        } finally {
            threads.shutdown();
        }
    }

    private Read read(int rank, int ranks) throws Exception {
        long start = System.nanoTime();
        long own = 0;
        Set<Integer> groups = new HashSet<>();
        DatasetSplit split = manifest.split(Manifest.TRAIN);
        try (ParquetSamples samples = ParquetSamples.open(
                new org.apache.hadoop.fs.Path(config.dataset()), manifest, Manifest.TRAIN, new Configuration())) {
            List<Integer> rows = samples.rowGroups();
            TrainingOrder order = TrainingOrder.of(config, rows);
            long batch = (long) config.training().perDeviceTrainBatchSize()
                    * config.cluster().ranks();
            for (long step = 0; step < split.rows() / batch; step++) {
                for (long index : order.indexes(step, rank, ranks)) {
                    own += samples.read(index).inputIds().length;
                    groups.add((int) (index / rows.get(0)));
                }
                samples.willRead(order.next(step, rank, ranks));
            }
        }
        return new Read((long) groups.size() * manifestRows() * length, own, (System.nanoTime() - start) / SECOND);
    }

    private long manifestRows() {
        return manifest.split(Manifest.TRAIN).shards().get(0).rowGroups().get(0);
    }
}
