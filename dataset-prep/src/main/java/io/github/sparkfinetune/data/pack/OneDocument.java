package io.github.sparkfinetune.data.pack;

import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import java.io.IOException;

/** Makes each document a sample. */
final class OneDocument implements DocumentPacker {
    private final SampleOutput output;

    OneDocument(SampleOutput output) {
        this.output = output;
    }

    @Override
    public void add(Document document) throws IOException {
        output.write(Sample.ofDocuments(0, document.inputIds(), document.labels(), document.length()));
    }

    @Override
    public void finish() {
        // Each document was written when it was added.
    }
}
