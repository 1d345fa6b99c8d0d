package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.task.TaskModel;
import io.github.sparkfinetune.core.train.ReferenceParts.Part;
import io.github.sparkfinetune.core.train.ReferenceParts.Stretch;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.ParquetSamples;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
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
 * Asks the model that a run begins with about every sample, where the run's task compares the trained one with it. Each
 * rank takes an equal part of the samples that are missing and saves what it has as often as a training saves
 * ({@link ReferenceParts}), so that a pass that was ended goes on. The answers are kept in the output folder, so that a
 * resumed run, whose weights have moved, need not ask again.
 */
final class ReferencePass {
    private static final Logger LOG = LoggerFactory.getLogger(ReferencePass.class);

    /** Samples of a part, whatever the clock says: 64 MB of two values each. */
    private static final int MOST_SAMPLES = 8 << 20;

    private final RunConfig config;
    private final RankContext rank;
    private final Collective collective;
    private final Manifest manifest;
    private final ReferenceParts parts;

    /** @param precision of the model */
    ReferencePass(RunConfig config, RankContext rank, Manifest manifest, Precision precision) {
        this.config = config;
        this.rank = rank;
        this.collective = rank.collective();
        this.manifest = manifest;
        this.parts =
                new ReferenceParts(new org.apache.hadoop.fs.Path(config.output().dir()), rank, manifest, precision);
    }

    /**
     * What is kept, else what the model says.
     *
     * @param model with the weights that the run begins with
     * @param temporary local folder for copies
     */
    References run(TaskModel model, Path temporary) throws IOException {
        // The file may come between two looks.
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
            ask(model, stretch);
        }
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

    /** Rank 0's, on all ranks. */
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

    /** This rank's part of the stretches: as many samples as the others have. */
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

    private void ask(TaskModel model, Stretch stretch) throws IOException {
        int batch = config.training().batches().perDeviceEvalBatchSize();
        SaveClock clock = new SaveClock(config.training().saving().saveMinutes());
        LOG.info("asking the model about {} samples of {} before its training", stretch.size(), stretch.split());
        org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
        try (SampleSource split = ParquetSamples.open(dataset, manifest, stretch.split(), rank.hadoop())) {
            long saved = stretch.from();
            List<double[]> said = new ArrayList<>();
            for (long at = saved; at < stretch.to(); ) {
                rank.progressed();
                List<Sample> samples = new ArrayList<>();
                while (at < stretch.to() && samples.size() < batch) {
                    samples.add(split.read(at++));
                }
                said.addAll(model.reference(samples, batch));
                if (at == stretch.to() || clock.isDue() || said.size() >= MOST_SAMPLES) {
                    parts.write(new Stretch(stretch.split(), saved, at), said);
                    saved = at;
                    said.clear();
                    clock.restart();
                }
            }
        }
    }
}
