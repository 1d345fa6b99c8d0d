package io.github.sparkfinetune.data.pack;

import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Concatenates all documents and cuts them every {@code max_length} tokens; borders inside a sample are kept. The last
 * sample is shorter.
 */
final class WrappedPacker implements DocumentPacker {
    private final SampleOutput output;
    private final int[] inputIds;
    private final int[] labels;
    private final List<Integer> documents = new ArrayList<>();
    private int size;

    WrappedPacker(int maxLength, SampleOutput output) {
        this.output = output;
        this.inputIds = new int[maxLength];
        this.labels = new int[maxLength];
    }

    @Override
    public void add(Document document) throws IOException {
        int from = 0;
        while (from < document.length()) {
            int length = Math.min(document.length() - from, inputIds.length - size);
            System.arraycopy(document.inputIds(), from, inputIds, size, length);
            System.arraycopy(document.labels(), from, labels, size, length);
            documents.add(length);
            size += length;
            from += length;
            if (size == inputIds.length) {
                finish();
            }
        }
    }

    @Override
    public void finish() throws IOException {
        if (size == 0) {
            return;
        }
        Sample sample = Sample.ofDocuments(
                0,
                Arrays.copyOf(inputIds, size),
                Arrays.copyOf(labels, size),
                documents.stream().mapToInt(Integer::intValue).toArray());
        size = 0;
        documents.clear();
        output.write(sample);
    }
}
