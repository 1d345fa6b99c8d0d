package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.RankContext;
import io.github.sparkfinetune.core.train.StopRequest;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.Runs;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/**
 * Fine-tuning with a fault on rank 0 after some steps, each once.
 *
 * @param folder folder of files that record the starts of ranks and the faults
 * @param faults faults by step
 */
record FaultyTraining(String folder, Map<Long, Fault> faults) implements RankBody {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");
    private static final RankBody TRAINING = new FineTunerBody(Long.MAX_VALUE);
    private static final long POLL_MILLIS = 20;

    /** Fault of rank 0 after a step. */
    interface Fault extends Serializable {
        /** Waits until the rank is asked to leave. */
        Fault AWAIT_LEAVE = rank -> {
            while (rank.stop().get() != StopRequest.AFTER_STEP) {
                Thread.sleep(POLL_MILLIS);
            }
        };

        void happen(RankContext rank) throws Exception;
    }

    /** State of a rank when it started. */
    record Start(long pid, int threads, String resumedFrom) {}

    /** Returns a run on the mails of a folder that tests disturb, on executors which share the folder. */
    static RunConfig config(Path dir, String run, String... more) {
        List<String> settings = new ArrayList<>(List.of(
                "model=" + MODEL.toAbsolutePath().normalize(),
                "data.dir=" + dir.resolve("dataset"),
                "data.max_length=32",
                "cluster.shared_filesystem=true",
                "training.logging_steps=1",
                "output.dir=" + dir.resolve(run)));
        settings.addAll(List.of(more));
        return Runs.in(dir, settings.toArray(String[]::new));
    }

    /** Returns the weights of such a run. */
    static byte[] model(Path dir, String run) throws IOException {
        return Files.readAllBytes(dir.resolve(run).resolve("model/model.safetensors"));
    }

    @Override
    public String newestCheckpoint(RunConfig config, Configuration hadoop) throws IOException {
        return TRAINING.newestCheckpoint(config, hadoop);
    }

    @Override
    public TrainingResult run(RunConfig config, RankContext rank, String resumeFrom) throws Exception {
        int me = rank.collective().rank();
        String state = ProcessHandle.current().pid() + " " + rank.threads() + " " + resumeFrom;
        Files.writeString(Path.of(folder, "started-%020d-%d".formatted(System.nanoTime(), me)), state);
        RankContext faulty = new RankContext(
                rank.collective(),
                rank.gpu(),
                rank.threads(),
                rank.hadoop(),
                rank.localDir(),
                rank.attempt(),
                record -> {
                    rank.records().accept(record);
                    failAfter(record, rank);
                },
                rank.stop());
        return TRAINING.run(config, faulty, resumeFrom);
    }

    private void failAfter(TrainingRecord record, RankContext rank) {
        Fault fault = faults.get(record.step());
        try {
            Path mark = Path.of(folder, "fault-" + record.step());
            if (fault != null && Files.notExists(mark)) {
                Files.createFile(mark);
                fault.happen(rank);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the starts of the ranks in all attempts, in their order. */
    List<Start> starts() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(folder))) {
            return files.filter(file -> file.getFileName().toString().startsWith("started-"))
                    .sorted()
                    .map(FaultyTraining::start)
                    .toList();
        }
    }

    private static Start start(Path file) {
        try {
            String[] words = Files.readString(file).split(" ", -1);
            return new Start(Long.parseLong(words[0]), Integer.parseInt(words[1]), words[2]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
