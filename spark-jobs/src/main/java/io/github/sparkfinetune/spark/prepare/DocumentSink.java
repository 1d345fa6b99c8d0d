package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.pack.DocumentPacker;
import java.io.IOException;

/** Packs documents into samples. */
final class DocumentSink implements SampleSink {
    /** A sample of parts of documents of which nothing is predicted: wrapped packing makes such. */
    static final String UNLABELLED_SAMPLE = "unlabelled_sample";

    private final SampleCounts counts;
    private final DocumentPacker packer;
    private final DocumentPacker.Output output;

    DocumentSink(DataConfig data, DocumentPacker.Output output, int labels) {
        this.counts = new SampleCounts(labels, true);
        this.output = output;
        this.packer = DocumentPacker.of(data.packing(), data.maxLength(), this::write);
    }

    @Override
    public void add(byte[] value, int label) throws IOException {
        Document document = ShuffledSample.document(value);
        counts.taken++;
        if (document.droppedBecause() != null) {
            counts.dropped.merge(document.droppedBecause().label(), 1L, Long::sum);
            return;
        }
        counts.truncated += document.truncated() ? 1 : 0;
        packer.add(document);
    }

    private void write(Sample sample) throws IOException {
        long labelTokens = sample.labelTokens();
        if (labelTokens == 0) {
            counts.dropped.merge(UNLABELLED_SAMPLE, 1L, Long::sum);
            return;
        }
        output.write(sample);
        counts.add(sample);
        counts.labelTokens += labelTokens;
    }

    @Override
    public SampleCounts finish() throws IOException {
        packer.finish();
        return counts;
    }
}
