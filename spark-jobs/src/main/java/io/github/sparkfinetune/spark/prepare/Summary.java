package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.task.RowCounts;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.spark.prepare.generation.Occurrence;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceScan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Results of the passes of a {@link Preparation}, as a manifest.
 *
 * @param options options of the dataset
 * @param scans scans of the sources, in order
 * @param mixture mixture of the training sources, which come first
 * @param training training rows in this mixture
 * @param sides groups and times of the rows by split
 */
record Summary(
        RunConfig config,
        List<SourceFiles> sources,
        DatasetOptions options,
        List<SourceScan> scans,
        Mixture mixture,
        TrainingRows training,
        Map<String, DatasetSplit.Side> sides) {

    /**
     * Returns the manifest without warnings.
     *
     * @param isWhole whether these are all rows of the dataset, which must be enough to train on
     * @throws RunException if the written rows differ from the counted rows, or too many rows are unusable
     */
    Manifest manifest(List<String> labels, Map<String, WrittenSplit> written, int padTokenId, boolean isWhole) {
        Map<String, DatasetSplit> splits = new LinkedHashMap<>();
        boolean documents = options.documents() != null;
        SampleCounts all = new SampleCounts(labels.size(), documents);
        for (String split :
                Occurrence.names(sources.stream().map(SourceFiles::split).toList())) {
            WrittenSplit files = written.get(split);
            if (files != null) {
                all.plus(files.counts());
                if (files.counts().samples() > 0) {
                    splits.put(split, files.counts().toSplit(files.shards()).with(sides.get(split)));
                }
            }
        }
        RowCounts found = new RowCounts();
        scans.forEach(scan -> found.plus(scan.counts()));
        long sampled = training.sampled().stream().mapToLong(Long::longValue).sum();
        long heldOut = scans.stream()
                .skip(training.sampled().size())
                .mapToLong(SourceScan::usable)
                .sum();
        requireSame(written, training.count() + heldOut);
        if (isWhole) {
            found.requireSamples(all, splits.containsKey(Manifest.TRAIN), config.data());
        } else {
            found.requireUsable(all, config.data());
        }
        Map<String, Long> bad = documents ? found.bad : found.withoutSample(all);
        long usable = scans.stream().mapToLong(SourceScan::usable).sum();
        long duplicates = found.rows - found.badRows() - found.rejectedRows() - usable + sampled - training.count();
        return new Manifest(
                Manifest.SCHEMA_VERSION,
                config.task(),
                labels,
                all.longest(),
                padTokenId,
                splits,
                List.of(),
                List.of(),
                Map.of(),
                bad,
                found.cut,
                found.repaired,
                duplicates,
                found.redacted,
                sources.stream().map(SourceFiles::toManifest).toList(),
                options,
                options.corpus() == null ? null : new Manifest.Corpus(found.rows, found.rejected, found.masked, mix()),
                List.of());
    }

    private List<Manifest.Mixed> mix() {
        List<CorpusConfig.Source> mixed = config.data().corpus().sources();
        List<Manifest.Mixed> mix = new ArrayList<>();
        for (int i = 0; i < mixed.size(); i++) {
            mix.add(new Manifest.Mixed(
                    sources.get(i).key(),
                    mixed.get(i).weight(),
                    scans.get(i).usable(),
                    training.sampled().get(i),
                    mixture.epochs()[i]));
        }
        return mix;
    }

    private void requireSame(Map<String, WrittenSplit> splits, long counted) {
        long written = splits.values().stream().mapToLong(WrittenSplit::rows).sum();
        if (written != counted) {
            throw RunException.data(sources.get(0).key() + ": " + written + " rows were written of " + counted
                    + " counted before: the source changed while it was read; run prepare again");
        }
    }
}
