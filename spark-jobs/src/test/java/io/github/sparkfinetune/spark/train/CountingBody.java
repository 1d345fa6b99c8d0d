package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.RankContext;
import io.github.sparkfinetune.core.train.StopRequest;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/**
 * Training whose model is one number. Each of the {@link #STEPS} steps adds the sum over all ranks of (rank + 1) x
 * step, with the real collective. Every second step writes a checkpoint: a file with the number. A file "started-…"
 * records each start of a rank.
 *
 * @param folder folder of the files
 * @param fault called on every rank before each step
 */
record CountingBody(String folder, Fault fault) implements RankBody {
    static final int STEPS = 6;

    /** Result of {@link #STEPS} steps on two ranks: the sum over the steps of (1 + 2) x step. */
    static final long TRAINED = 63;

    /** Called on every rank before each step, which it may end. */
    interface Fault extends Serializable {
        void before(RankContext rank, long step) throws Exception;
    }

    /** State of a rank when it started. */
    record Start(long pid, int threads, int gpu, String resumedFrom, boolean offline) {}

    @Override
    public String newestCheckpoint(RunConfig config, Configuration hadoop) throws IOException {
        return files("checkpoint-").stream().max(Comparator.naturalOrder()).orElse(null);
    }

    @Override
    public TrainingResult run(RunConfig config, RankContext rank, String resumeFrom) throws Exception {
        int me = rank.collective().rank();
        note(
                "started-" + rank.attempt() + "-" + me,
                ProcessHandle.current().pid() + " " + rank.threads() + " " + rank.gpu() + " " + resumeFrom + " "
                        + System.getProperty("ai.djl.offline"));
        long step = 0;
        double[] sum = {0};
        if (resumeFrom != null) {
            step = Long.parseLong(resumeFrom.split("-", -1)[1]);
            sum[0] = Double.parseDouble(Files.readString(Path.of(folder, resumeFrom)));
        }
        for (long done = 1; done <= step && me == 0; done++) {
            rank.records().accept(record(done));
        }
        while (step < STEPS) {
            step++;
            if (rank.stop().get() == StopRequest.NOW) {
                throw new IllegalStateException("cancelled");
            }
            fault.before(rank, step);
            double[] addend = {(me + 1) * step};
            rank.collective().allReduce(addend);
            sum[0] += addend[0];
            if (me == 0) {
                rank.records().accept(record(step));
                if (step % 2 == 0) {
                    note("checkpoint-" + step + "-" + rank.attempt(), Double.toString(sum[0]));
                }
            }
            rank.collective().barrier();
        }
        return new TrainingResult(step, (long) sum[0], 0, 1, 1, 1, step, Map.of(), 100 + me, List.of(), null);
    }

    /** Returns the starts of all ranks in all attempts, by attempt and rank. */
    List<Start> starts() throws IOException {
        List<Start> starts = new ArrayList<>();
        for (String name : files("started-").stream().sorted().toList()) {
            String[] seen = Files.readString(Path.of(folder, name)).split(" ", -1);
            starts.add(new Start(
                    Long.parseLong(seen[0]),
                    Integer.parseInt(seen[1]),
                    Integer.parseInt(seen[2]),
                    seen[3].replaceFirst("-[0-9a-f]{16}-", " by attempt "),
                    Boolean.parseBoolean(seen[4])));
        }
        return starts;
    }

    private static TrainingRecord record(long step) {
        return new TrainingRecord(step, STEPS, 0.5, 1.0 / step, 1e-3, 1.0, 1.0, 1.0, null, null, null);
    }

    private void note(String name, String text) throws IOException {
        Files.writeString(Path.of(folder, name), text);
    }

    private List<String> files(String prefix) throws IOException {
        try (Stream<Path> files = Files.list(Path.of(folder))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(prefix))
                    .toList();
        }
    }
}
