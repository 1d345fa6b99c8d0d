package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.predict.ReferenceFile;
import io.github.sparkfinetune.core.predict.ReferenceLayout;
import io.github.sparkfinetune.core.predict.ReferenceModel;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.core.predict.Stretch;
import io.github.sparkfinetune.core.predict.Teacher;
import io.github.sparkfinetune.core.predict.TeacherFolder;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.task.SharedOutputs;
import io.github.sparkfinetune.core.task.TaskModel;
import io.github.sparkfinetune.core.train.ReferenceParts.Part;
import io.github.sparkfinetune.core.train.speed.SaveClock;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.files.LocalDir;
import io.github.sparkfinetune.data.hf.ModelFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pass of another model over samples, for a loss that compares the trained model with it: the run's initial model, or
 * its teacher. Each rank computes an equal part of the missing samples. It saves partial results as often as training
 * saves ({@link ReferenceParts}), so that an interrupted pass resumes. The result is kept in a {@link ReferenceFile}.
 */
final class ReferencePass {
    private static final Logger LOG = LoggerFactory.getLogger(ReferencePass.class);

    /** Number of bytes after which a part is written, even before the clock is due. */
    private static final int MOST_BYTES = 64 << 20;

    private final RunConfig config;
    private final RankContext rank;
    private final Collective collective;
    private final Manifest manifest;
    private final ReferenceFile file;
    private final ReferenceParts parts;

    /**
     * Returns the values of a run's initial model for all samples, kept or computed.
     *
     * @param model model with the run's initial weights
     * @param temporary local folder for copies
     */
    static References ofInitialModel(
            RunConfig config, RankContext rank, Manifest manifest, Precision precision, TaskModel model, Path temporary)
            throws IOException {
        return new ReferencePass(config, rank, manifest, ReferenceFile.ofInitialModel(config, manifest), precision)
                .run(() -> ReferenceModel.ofInitial(model), temporary);
    }

    /**
     * Returns the values of a run's teacher for the training samples, kept or computed.
     *
     * @param device manager of the rank's device
     * @param vocabulary number of token ids of the trained model
     * @param temporary local folder for copies
     */
    static References ofTeacher(
            RunConfig config,
            RankContext rank,
            Manifest manifest,
            Precision precision,
            NDManager device,
            int vocabulary,
            Path temporary)
            throws IOException {
        String name = config.teacher().model();
        try (LocalDir.Held folder = ModelFolder.share(name, rank.hadoop(), LocalDir.in(rank.localDir()))) {
            SharedOutputs shared = new SharedOutputs(
                    Math.min(vocabulary, Architectures.config(folder.path()).vocabSize()), manifest.labels());
            String hash = rank.collective().rank() == 0
                    ? TeacherFolder.hash(config, folder.path(), shared, rank::progressed)
                    : "";
            byte[] first = rank.collective().allGather(hash.getBytes(StandardCharsets.UTF_8))[0];
            ReferenceFile file = ReferenceFile.ofTeacher(
                    config, manifest, new String(first, StandardCharsets.UTF_8), shared.vocabulary());
            return new ReferencePass(config, rank, manifest, file, precision)
                    .run(() -> new Teacher(config, precision.choice(), device, folder.path(), shared), temporary);
        }
    }

    /**
     * @param file file that is found or written
     * @param precision precision of the model
     */
    private ReferencePass(
            RunConfig config, RankContext rank, Manifest manifest, ReferenceFile file, Precision precision) {
        this.config = config;
        this.rank = rank;
        this.collective = rank.collective();
        this.manifest = manifest;
        this.file = file;
        this.parts = new ReferenceParts(
                new org.apache.hadoop.fs.Path(config.output().dir()), rank, manifest, file, precision);
    }

    /**
     * Returns the kept references, or computes them.
     *
     * @param model loads the other model, if it must compute
     * @param temporary local folder for copies
     */
    private References run(Supplier<ReferenceModel> model, Path temporary) throws IOException {
        // Only rank 0 looks: the file may appear between two looks.
        boolean first = collective.rank() == 0;
        Optional<References> kept =
                first ? References.find(file, rank.hadoop(), temporary, rank::progressed) : Optional.empty();
        if (!collective.broadcast(kept.isPresent())) {
            compute(model, temporary);
        } else if (first) {
            return kept.orElseThrow();
        }
        return References.require(file, rank.hadoop(), temporary, rank::progressed);
    }

    private void compute(Supplier<ReferenceModel> model, Path temporary) throws IOException {
        boolean first = collective.rank() == 0;
        List<Part> before = first ? parts.before(temporary) : List.of();
        List<Stretch> missing = missing(before);
        try (ReferenceModel asked = model.get()) {
            for (Stretch stretch : mine(missing)) {
                compute(asked, stretch);
            }
            asked.finish();
        }
        collective.barrier();
        if (first) {
            List<TensorData> tensors = Stream.concat(before.stream(), parts.written(temporary).stream())
                    .flatMap(part -> parts.tensors(part, temporary))
                    .toList();
            file.write(tensors, rank.hadoop());
            parts.delete();
        }
        collective.barrier();
    }

    /** Returns rank 0's list of missing stretches, on all ranks. */
    private List<Stretch> missing(List<Part> before) {
        StringBuilder mine = new StringBuilder();
        for (String split : file.splits()) {
            long at = 0;
            for (Part part : before) {
                if (part.stretch().split().equals(split)) {
                    append(mine, split, at, part.stretch().from());
                    at = part.stretch().to();
                }
            }
            append(mine, split, at, manifest.split(split).rows());
        }
        String first = new String(
                collective.allGather(mine.toString().getBytes(StandardCharsets.UTF_8))[0], StandardCharsets.UTF_8);
        return first.lines()
                .map(line -> line.split(" ", 3))
                .map(fields -> new Stretch(fields[2], Long.parseLong(fields[0]), Long.parseLong(fields[1])))
                .toList();
    }

    private static void append(StringBuilder text, String split, long from, long to) {
        if (from < to) {
            text.append(from).append(' ').append(to).append(' ').append(split).append('\n');
        }
    }

    /** Returns this rank's equal part of the stretches. */
    private List<Stretch> mine(List<Stretch> missing) {
        long total = missing.stream().mapToLong(Stretch::size).sum();
        long begin = Collective.firstOfShare(total, collective.rank(), collective.size());
        long end = Collective.firstOfShare(total, collective.rank() + 1, collective.size());
        List<Stretch> mine = new ArrayList<>();
        long before = 0;
        for (Stretch stretch : missing) {
            long from = stretch.from() + Math.max(0, begin - before);
            long to = stretch.from() + Math.min(stretch.size(), end - before);
            if (from < to) {
                mine.add(new Stretch(stretch.split(), from, to));
            }
            before += stretch.size();
        }
        return mine;
    }

    private static Sample firstWithTokens(SampleSource split) {
        return LongStream.range(0, split.size())
                .mapToObj(split::read)
                .filter(sample -> !sample.isErased())
                .findFirst()
                .orElseThrow();
    }

    private void compute(ReferenceModel model, Stretch stretch) throws IOException {
        int batch = config.training().perDeviceEvalBatchSize();
        SaveClock clock = new SaveClock(config.training().saveMinutes());
        LOG.info("computing {}: {} samples of {}", file.path().getName(), stretch.size(), stretch.split());
        org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
        try (SampleSource split = ParquetSamples.open(dataset, manifest, stretch.split(), rank.hadoop())) {
            long saved = stretch.from();
            ReferenceLayout.Encoder references = file.layout().encoder();
            for (long at = saved; at < stretch.to(); ) {
                rank.progressed();
                List<Sample> samples = new ArrayList<>();
                while (at < stretch.to() && samples.size() < batch) {
                    Sample sample = split.read(at++);
                    // Nothing reads the values of an erased sample.
                    samples.add(sample.isErased() ? firstWithTokens(split) : sample);
                }
                model.references(samples, batch).forEach(references::add);
                if (at == stretch.to() || clock.isDue() || references.bytes() >= MOST_BYTES) {
                    parts.write(new Stretch(stretch.split(), saved, at), references);
                    saved = at;
                    references = file.layout().encoder();
                    clock.restart();
                }
            }
        }
    }
}
