package io.github.sparkfinetune.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.core.checkpoint.CheckpointStore;
import io.github.sparkfinetune.core.checkpoint.CheckpointWriter;
import io.github.sparkfinetune.core.checkpoint.OptimizerShare;
import io.github.sparkfinetune.core.checkpoint.Retention;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;

/**
 * Measures checkpoints of {@code MB} megabytes while two threads compute steps of {@code MILLIS} milliseconds:
 * {@code CheckpointBench FOLDER MB MILLIS}. Prints how long the training stops for a checkpoint that is written before
 * training goes on, and for one that is written in the background. Also prints how much longer the steps take during a
 * background write.
 */
final class CheckpointBench {
    private static final int PIECE = 32 << 20;
    private static final int SAVES = 5;
    private static final int PLAIN_STEPS = 8;
    private static final double MILLI = 1e6;

    private final ExecutorService threads = Executors.newFixedThreadPool(2);
    private final List<TensorData> model = new ArrayList<>();
    private final List<TensorData> optimizer = new ArrayList<>();
    private final int work;

    private CheckpointBench(int megabytes, int millis) throws Exception {
        for (int piece = 0; piece < Math.max(3, megabytes / 32); piece++) {
            int bytes = Math.min(PIECE, megabytes * 1_000_000 / 3 / Float.BYTES * Float.BYTES);
            ByteBuffer values = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
            (piece % 3 == 0 ? model : optimizer)
                    .add(TensorData.f32("tensor" + piece, new long[] {bytes / Float.BYTES}, values));
        }
        int calibration = 64;
        compute(calibration);
        long before = System.nanoTime();
        compute(calibration);
        work = (int) Math.max(1, calibration * millis * MILLI / (System.nanoTime() - before));
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory(Path.of(arguments[0]), "checkpoint-bench-");
        CheckpointBench bench = new CheckpointBench(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
        try (CheckpointWriter writer = new CheckpointWriter(
                CheckpointStore.open(
                        new org.apache.hadoop.fs.Path(folder.resolve("run").toUri()), new Configuration(), "bench"),
                folder,
                true,
                60,
                () -> {})) {
            bench.measure(writer, Integer.parseInt(arguments[1]));
        } finally {
            bench.threads.shutdownNow();
            HadoopFiles.deleteLocal(folder);
        }
    }

    private void measure(CheckpointWriter writer, int megabytes) throws Exception {
        double[] plain = new double[PLAIN_STEPS];
        for (int step = 0; step < PLAIN_STEPS; step++) {
            plain[step] = step();
        }
        double[] waiting = new double[SAVES];
        double[] behind = new double[SAVES];
        double[] longer = new double[SAVES];
        for (int save = 0; save < SAVES; save++) {
            long before = System.nanoTime();
            begin(writer, 2 * save + 1);
            writer.await();
            waiting[save] = (System.nanoTime() - before) / MILLI;
            step();

            before = System.nanoTime();
            begin(writer, 2 * save + 2);
            double stall = (System.nanoTime() - before) / MILLI;
            double computed = step();
            before = System.nanoTime();
            writer.beforeUpdate();
            behind[save] = stall + (System.nanoTime() - before) / MILLI;
            computed += step() + step();
            writer.await();
            longer[save] = computed / 3;
        }
        System.out.printf(
                Locale.ROOT,
                "checkpoint of %d MB: stall written first ms %.0f, behind ms %.0f; a step ms %.0f, of three while it is"
                        + " written ms %.0f%n",
                megabytes,
                median(waiting),
                median(behind),
                median(plain),
                median(longer));
    }

    private void begin(CheckpointWriter writer, long step) {
        writer.begin(
                step,
                model,
                OptimizerShare.WHOLE,
                optimizer,
                new ObjectMapper().createObjectNode(),
                new Retention(1, Set.of(), 0));
    }

    /** Runs a step and returns its milliseconds. */
    private double step() throws Exception {
        long before = System.nanoTime();
        compute(work);
        return (System.nanoTime() - before) / MILLI;
    }

    private void compute(int rounds) throws Exception {
        Callable<Float> part = () -> {
            float[] values = new float[1 << 18];
            float sum = 0;
            for (int round = 0; round < rounds; round++) {
                for (int i = 0; i < values.length; i++) {
                    values[i] = values[i] * 0.5f + i;
                    sum += values[i];
                }
            }
            return sum;
        };
        for (Future<Float> done : threads.invokeAll(List.of(part, part))) {
            if (done.get().isNaN()) {
                throw new IOException("no number");
            }
        }
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
