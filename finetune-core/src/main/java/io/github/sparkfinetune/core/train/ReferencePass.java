package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.task.TaskModel;
import io.github.sparkfinetune.core.train.ReferenceParts.Part;
import io.github.sparkfinetune.core.train.ReferenceParts.Stretch;
import io.github.sparkfinetune.core.train.speed.SaveClock;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pass of a run's initial model over all samples, for tasks that compare the trained model with the initial model. Each
 * rank computes an equal part of the missing samples. It saves partial results as often as training saves
 * ({@link ReferenceParts}), so that an interrupted pass resumes. The result is kept in the output folder, because a
 * resumed run has no initial weights.
 */
final class ReferencePass {
    private static final Logger LOG = LoggerFactory.getLogger(ReferencePass.class);

    /** Maximum number of samples of a part, even before the clock is due: 64 MB of two values each. */
    private static final int MOST_SAMPLES = 8 << 20;

    private final RunConfig config;
    private final RankContext rank;
    private final Collective collective;
    private final Manifest manifest;
    private final ReferenceParts parts;

    /** @param precision precision of the model */
    ReferencePass(RunConfig config, RankContext rank, Manifest manifest, Precision precision) {
        this.config = config;
        this.rank = rank;
        this.collective = rank.collective();
        this.manifest = manifest;
        this.parts =
                new ReferenceParts(new org.apache.hadoop.fs.Path(config.output().dir()), rank, manifest, precision);
    }

    /**
     * Returns the kept references, or computes them.
     *
     * @param model model with the run's initial weights
     * @param temporary local folder for copies
     */
    References run(TaskModel model, Path temporary) throws IOException {
        // Only rank 0 looks: the file may appear between two looks.
        boolean first = collective.rank() == 0;
        Optional<References> kept = first
                ? References.find(config, manifest, rank.hadoop(), temporary, rank::progressed)
                : Optional.empty();
        if (!collective.broadcast(kept.isPresent())) {
            compute(model, temporary);
        } else if (first) {
            return kept.orElseThrow();
        }
        return References.require(config, manifest, rank.hadoop(), temporary, rank::progressed);
    }

    private void compute(TaskModel model, Path temporary) throws IOException {
        boolean first = collective.rank() == 0;
        List<Part> before = first ? parts.before(temporary) : List.of();
        for (Stretch stretch : mine(missing(before))) {
            compute(model, stretch);
        }
        model.model().finish();
        collective.barrier();
        if (first) {
            List<TensorData> tensors = Stream.concat(before.stream(), parts.written(temporary).stream())
                    .map(part -> parts.tensor(part, temporary))
                    .toList();
            References.write(config, manifest, tensors, rank.hadoop());
            parts.delete();
        }
        collective.barrier();
    }

    /** Returns rank 0's list of missing stretches, on all ranks. */
    private List<Stretch> missing(List<Part> before) {
        StringBuilder mine = new StringBuilder();
        for (String split : new TreeSet<>(manifest.samples().splits().keySet())) {
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
        long begin = total * collective.rank() / collective.size();
        long end = total * (collective.rank() + 1) / collective.size();
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

    private void compute(TaskModel model, Stretch stretch) throws IOException {
        int batch = config.training().batches().perDeviceEvalBatchSize();
        SaveClock clock = new SaveClock(config.training().saving().saveMinutes());
        LOG.info("computing references of {} samples of {} with the initial model", stretch.size(), stretch.split());
        org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
        try (SampleSource split = ParquetSamples.open(dataset, manifest, stretch.split(), rank.hadoop())) {
            long saved = stretch.from();
            List<double[]> references = new ArrayList<>();
            for (long at = saved; at < stretch.to(); ) {
                rank.progressed();
                List<Sample> samples = new ArrayList<>();
                while (at < stretch.to() && samples.size() < batch) {
                    samples.add(split.read(at++));
                }
                references.addAll(model.reference(samples, batch));
                if (at == stretch.to() || clock.isDue() || references.size() >= MOST_SAMPLES) {
                    parts.write(new Stretch(stretch.split(), saved, at), references);
                    saved = at;
                    references.clear();
                    clock.restart();
                }
            }
        }
    }
}
