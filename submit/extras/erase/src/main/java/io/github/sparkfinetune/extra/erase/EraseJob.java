package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.checkpoint.CheckpointStore;
import io.github.sparkfinetune.core.plan.PrivateSteps;
import io.github.sparkfinetune.core.train.FineTuner;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Manifests;
import io.github.sparkfinetune.data.dataset.Pins;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.predict.table.PredictionTable;
import io.github.sparkfinetune.spark.prepare.ErasedShards;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.run.Lease;
import io.github.sparkfinetune.spark.run.ModelDigest;
import io.github.sparkfinetune.spark.run.OutputFolder;
import io.github.sparkfinetune.spark.run.RunPaths;
import io.github.sparkfinetune.spark.train.TrainJob;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/**
 * Erases documents from a dataset and from the run that was trained on it. The result equals, to the bit on the same
 * kind of processor, a run from the start over the dataset whose samples lack the documents. A private run starts anew
 * under a new secret, so its result is one that the run from the start may have.
 *
 * <ol>
 *   <li>{@link #find} finds the documents, their samples in all splits, and the newest checkpoint that none of them has
 *       influenced. It changes nothing.
 *   <li>{@link #begin} records the erasure, writes the shards without the documents, and deletes everything that they
 *       have influenced: later checkpoints, the model, predictions, metrics, references of a preference run, answers of
 *       teachers.
 *   <li>Training goes on from that checkpoint, and the model is measured again.
 *   <li>{@link #end} completes the record.
 * </ol>
 *
 * <p>The record is {@code erasure.json} in the output folder. An interrupted erasure goes on where it was.
 */
public final class EraseJob implements Erasing {
    /** Runs of a search, each with checkpoints and perhaps a model. */
    private static final String TRIALS = "trials";
    /** Event files with losses of earlier attempts. */
    private static final String TENSORBOARD = "tensorboard";
    /** Files and folders of the output folder that follow from the dataset, besides checkpoints. */
    private static final List<String> RESULTS = List.of(
            "model",
            "model.sha256",
            RunConfigLoader.MERGED,
            RunConfigLoader.MERGED + ".sha256",
            "predictions.parquet",
            "predicted.parquet",
            PredictionTable.FOLDER,
            "base-predictions.parquet",
            "reference",
            "reference.safetensors",
            "metrics.json",
            TRIALS,
            TENSORBOARD,
            "evidence",
            "report.html",
            "progress.json");

    private static final String OF_TEACHERS = "teacher-*.safetensors";

    private final SparkSession spark;
    private final RunConfig config;
    private final Configuration hadoop;
    private final Path output;
    private final Path dataset;
    private final ErasureLog log;

    /** @param config configuration of the run; relative paths are resolved */
    public EraseJob(SparkSession spark, RunConfig config) {
        SparkSessions.requireSerializer(spark);
        this.spark = spark;
        this.hadoop = spark.sparkContext().hadoopConfiguration();
        this.config = RunPaths.resolve(config, spark.sparkContext().master(), hadoop);
        this.output = new Path(this.config.output().dir());
        this.dataset = new Path(this.config.dataset());
        this.log = new ErasureLog(output, hadoop);
    }

    @Override
    public Optional<Erasure> unfinished() {
        return io(log::unfinished);
    }

    @Override
    public boolean areErased(Erasure found) {
        return io(() -> Manifest.read(dataset, hadoop)).erased().containsAll(found.documents());
    }

    @Override
    public Erasure find(Selection selection) {
        spark.sparkContext().setJobDescription("erase: find " + selection.kind().option());
        try {
            return found(TaskDatas.of(config), selection);
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain("erase in " + dataset, e);
        } finally {
            spark.sparkContext().setJobDescription(null);
        }
    }

    private <C> Erasure found(TaskData<C> task, Selection selection) throws IOException {
        TokenizerFiles tokenizer = PrepareJob.tokenizer(config, hadoop);
        task.check(tokenizer);
        Manifests.Numbered newest = new Manifests(dataset, hadoop).readNewest();
        Manifest manifest = newest.manifest();
        manifest.requireMatches(dataset, config.task(), task.options(tokenizer));
        Documents documents = new DocumentSearch<>(spark, config, task, tokenizer, manifest).find(selection);
        List<ErasedShards.Part> parts = documents.parts(spark, config, dataset, manifest);
        ErasedShards.requireRest(dataset, manifest, parts);
        Set<Long> trained = trained(parts);
        String because = parts.isEmpty()
                ? null
                : isOlder(newest.number()) ? "the dataset has grown since the run began" : Reach.ofAll(config, parts);
        return new Erasure(
                null,
                null,
                documents.hashes(),
                new Erasure.Counts(trained.size(), samples(parts) - trained.size()),
                replayed(manifest, trained, because),
                new Erasure.Changes(
                        parts.stream().map(part -> part.file().name()).toList(), List.of(), null, null),
                Reach.outside(config),
                parts);
    }

    /** Returns whether the run trained on another generation of the dataset than the newest. */
    private boolean isOlder(int newest) {
        OptionalInt begun = OutputFolder.generation(config, hadoop);
        return begun.isPresent() && begun.getAsInt() != newest;
    }

    /** @param because what makes every step depend on the documents, or null */
    private Erasure.Replayed replayed(Manifest manifest, Set<Long> trained, String because) {
        Replay replay = Replay.of(config, rowGroups(manifest), trained, because != null, hadoop);
        return new Erasure.Replayed(
                replay.firstUse(),
                replay.from().map(Checkpoint::name).orElse(null),
                replay.steps(),
                replay.isEnded(),
                because);
    }

    @Override
    public Erasure again() {
        return io(() -> {
            boolean isPrepared = Manifest.exists(dataset, hadoop);
            return new Erasure(
                    null,
                    null,
                    List.of(),
                    new Erasure.Counts(0, 0),
                    isPrepared
                            ? replayed(Manifest.read(dataset, hadoop), Set.of(), "the model before it is trained again")
                            : new Erasure.Replayed(0, null, 0, false, null),
                    new Erasure.Changes(List.of(), List.of(), null, null),
                    Reach.outside(config),
                    List.of());
        });
    }

    @Override
    public Optional<String> droppedBecause(Selection selection) {
        return switch (selection.kind()) {
            case HASH ->
                Optional.ofNullable(TraceJob.ofHash(spark, config, "--hash", selection.value())
                        .droppedBecause());
            case FILE ->
                Optional.ofNullable(TraceJob.ofFile(spark, config, "--text-file", selection.value())
                        .droppedBecause());
            case WHERE, SUBJECT -> Optional.empty();
        };
    }

    private static List<Integer> rowGroups(Manifest manifest) {
        return manifest.split(Manifest.TRAIN).shards().stream()
                .flatMap(shard -> shard.rowGroups().stream())
                .toList();
    }

    private static Set<Long> trained(List<ErasedShards.Part> parts) {
        return parts.stream()
                .filter(part -> part.file().split().equals(Manifest.TRAIN))
                .flatMap(part -> part.documents().keySet().stream())
                .collect(Collectors.toSet());
    }

    private static long samples(List<ErasedShards.Part> parts) {
        return parts.stream().mapToLong(part -> part.documents().size()).sum();
    }

    @Override
    public Erasure begin(Erasure found) {
        return io(() -> {
            FileSystem files = HadoopFiles.fileSystem(output, hadoop);
            files.mkdirs(output);
            Lease lease = Lease.await(files, new Path(output, TrainJob.MARK), Lease.LENGTH, () -> {});
            try {
                Erasure erasure = found;
                if (erasure.started() == null) {
                    erasure =
                            found.started(now(), ModelDigest.of(model(), hadoop).map(ModelDigest::hash));
                    log.put(erasure);
                }
                rewrite(erasure);
                pin();
                Set<String> deleted = new TreeSet<>(erasure.changes().deleted());
                deleted.addAll(delete(erasure));
                erasure = erasure.with(List.copyOf(deleted));
                log.put(erasure);
                return erasure;
            } finally {
                lease.release(false);
            }
        });
    }

    private void rewrite(Erasure erasure) throws IOException {
        requireNoTraining();
        List<ErasedShards.Part> places = erasure.places();
        Manifest manifest = Manifest.read(dataset, hadoop);
        Set<String> stored = manifest.splits().values().stream()
                .flatMap(split -> split.shards().stream())
                .map(DatasetSplit.Shard::file)
                .collect(Collectors.toSet());
        // One manifest replaces all files at once, so either all of them are old or none is.
        if (!places.isEmpty()
                && places.stream()
                        .allMatch(place -> stored.contains(place.file().name()))) {
            ErasedShards.write(spark, TaskDatas.of(config), dataset, manifest, places, erasure.documents());
        }
    }

    /** Refuses to delete the files that another run reads while it trains. */
    private void requireNoTraining() throws IOException {
        for (Pins.Pin pin : new Pins(dataset, hadoop).all()) {
            Path folder = new Path(pin.run());
            if (!folder.equals(output)
                    && Lease.isHeld(HadoopFiles.fileSystem(folder, hadoop), new Path(folder, TrainJob.MARK))) {
                throw RunException.failed(
                        pin.run() + " trains on the documents of " + dataset
                                + ": wait for that run or stop it, then start the erasure again, and erase there too",
                        null);
            }
        }
    }

    /** Holds the newest generation for the rest of the run's training, unless the run holds one that still exists. */
    private void pin() throws IOException {
        OptionalInt begun = OutputFolder.generation(config, hadoop);
        if (begun.isPresent()) {
            Manifests manifests = new Manifests(dataset, hadoop);
            int number = manifests.numbers().contains(begun.getAsInt())
                    ? begun.getAsInt()
                    : manifests.readNewest().number();
            OutputFolder.pin(FineTuner.hold(config.onGeneration(number), hadoop), hadoop);
        }
    }

    private List<String> delete(Erasure erasure) throws IOException {
        List<String> deleted = new ArrayList<>();
        FileSystem files = HadoopFiles.fileSystem(output, hadoop);
        Erasure.Replayed replay = erasure.replay();
        if (replay.firstUse() > 0) {
            long kept = replay.from() == null
                    ? -1
                    : Checkpoint.ofName(replay.from()).orElseThrow().step();
            checkpoints().deleteAfter(kept).forEach(checkpoint -> deleted.add("checkpoints/" + checkpoint.name()));
        }
        if (checkpoints().committed().isEmpty()) {
            // A private run starts anew under a new secret: with the same noise as before, two models of it would
            // differ by exactly the gradients of the erased documents.
            deleted.addAll(PrivateSteps.end(config, hadoop));
        }
        for (String name : RESULTS) {
            Path path = new Path(output, name);
            if (files.exists(path)) {
                HadoopFiles.delete(files, path);
                deleted.add(name);
            }
        }
        FileSystem stored = HadoopFiles.fileSystem(dataset, hadoop);
        FileStatus[] teachers = stored.globStatus(new Path(dataset, OF_TEACHERS));
        for (FileStatus teacher : teachers == null ? new FileStatus[0] : teachers) {
            HadoopFiles.delete(stored, teacher.getPath());
            deleted.add(teacher.getPath().getName());
        }
        return deleted;
    }

    @Override
    public Erasure end(Erasure begun) {
        return io(() -> {
            Erasure ended = begun.finished(
                    now(),
                    ModelDigest.of(model(), hadoop).map(ModelDigest::hash).orElse(null));
            log.put(ended);
            return ended;
        });
    }

    private CheckpointStore checkpoints() {
        return CheckpointStore.open(new Path(config.output().checkpoints()), hadoop, "eraser");
    }

    private Path model() {
        return new Path(config.output().model());
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private interface Work<T> {
        T run() throws IOException;
    }

    private <T> T io(Work<T> work) {
        try {
            return work.run();
        } catch (IOException e) {
            throw Errors.explain("erase in " + output, e);
        }
    }
}
