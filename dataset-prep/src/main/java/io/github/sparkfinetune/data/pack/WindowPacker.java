package io.github.sparkfinetune.data.pack;

import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * Packs whole documents by {@link BestFitDecreasing}, a window of documents at a time. Samples are written in the order
 * of their first document and not by fill, so shuffled documents stay shuffled.
 */
final class WindowPacker implements DocumentPacker {
    /** Tokens of a window: enough that its few samples with room left do not matter; 16 MB with the labels. */
    static final int WINDOW_TOKENS = 1 << 21;

    private final int maxLength;
    private final int windowTokens;
    private final SampleOutput output;
    private final List<Document> window = new ArrayList<>();
    private int tokens;

    WindowPacker(int maxLength, int windowTokens, SampleOutput output) {
        this.maxLength = maxLength;
        this.windowTokens = windowTokens;
        this.output = output;
    }

    @Override
    public void add(Document document) throws IOException {
        window.add(document);
        tokens += document.length();
        if (tokens >= windowTokens) {
            finish();
        }
    }

    @Override
    public void finish() throws IOException {
        int[] lengths = window.stream().mapToInt(Document::length).toArray();
        List<List<Integer>> bins = new ArrayList<>(BestFitDecreasing.bins(lengths, maxLength));
        bins.sort(Comparator.comparing(Collections::min));
        for (List<Integer> bin : bins) {
            output.write(sample(bin.stream().map(window::get).toList()));
        }
        window.clear();
        tokens = 0;
    }

    private static Sample sample(List<Document> documents) {
        int length = documents.stream().mapToInt(Document::length).sum();
        int[] inputIds = new int[length];
        int[] labels = new int[length];
        int at = 0;
        for (Document document : documents) {
            System.arraycopy(document.inputIds(), 0, inputIds, at, document.length());
            System.arraycopy(document.labels(), 0, labels, at, document.length());
            at += document.length();
        }
        return Sample.ofDocuments(
                0,
                inputIds,
                labels,
                documents.stream().mapToInt(Document::length).toArray());
    }
}
