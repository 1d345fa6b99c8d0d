package io.github.sparkfinetune.data.pack;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DocumentPackerTest {
    private static final int MAX_LENGTH = 50;

    /** Returns documents of distinct tokens; the first half of each has no label. */
    private static List<Document> documents(int count, long seed) {
        Random random = new Random(seed);
        List<Document> documents = new ArrayList<>();
        int next = 0;
        for (int i = 0; i < count; i++) {
            int length = 1 + random.nextInt(MAX_LENGTH);
            int[] ids = IntStream.range(next, next + length).toArray();
            int[] labels = ids.clone();
            Arrays.fill(labels, 0, length / 2, Sample.IGNORED);
            documents.add(new Document(ids, labels));
            next += length;
        }
        return documents;
    }

    private static List<Sample> pack(DocumentPacker packer, List<Sample> out, List<Document> documents)
            throws IOException {
        for (Document document : documents) {
            packer.add(document);
        }
        packer.finish();
        return out;
    }

    private static List<Sample> pack(Packing packing, List<Document> documents) throws IOException {
        List<Sample> out = new ArrayList<>();
        return pack(DocumentPacker.of(packing, MAX_LENGTH, out::add), out, documents);
    }

    @ParameterizedTest
    @EnumSource(Packing.class)
    void putsEveryTokenIntoOneSampleOfAtMostTheLimit(Packing packing) throws IOException {
        List<Document> documents = documents(500, 1);
        List<Sample> samples = pack(packing, documents);
        assertThat(samples).allSatisfy(sample -> assertThat(sample.length()).isLessThanOrEqualTo(MAX_LENGTH));
        int[] ids = documents.stream()
                .flatMapToInt(document -> Arrays.stream(document.inputIds()))
                .toArray();
        int[] packedIds = samples.stream()
                .flatMapToInt(sample -> Arrays.stream(sample.inputIds()))
                .sorted()
                .toArray();
        assertThat(packedIds).isEqualTo(ids);
        int[] labels = documents.stream()
                .flatMapToInt(document -> Arrays.stream(document.labels()))
                .sorted()
                .toArray();
        int[] packedLabels = samples.stream()
                .flatMapToInt(sample -> Arrays.stream(sample.labels()))
                .sorted()
                .toArray();
        assertThat(packedLabels).isEqualTo(labels);
        assertThat(pack(packing, documents)).isEqualTo(samples);
    }

    @ParameterizedTest
    @EnumSource(
            value = Packing.class,
            names = {"NONE", "BFD"})
    void keepsEveryDocumentWhole(Packing packing) throws IOException {
        List<Document> documents = documents(500, 2);
        List<Document> found = new ArrayList<>();
        for (Sample sample : pack(packing, documents)) {
            int at = 0;
            for (int length : sample.documents()) {
                found.add(new Document(
                        Arrays.copyOfRange(sample.inputIds(), at, at + length),
                        Arrays.copyOfRange(sample.labels(), at, at + length)));
                at += length;
            }
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(documents);
    }

    @Test
    void bestFitDecreasingFillsSamplesAndKeepsTheOrderOfDocuments() throws IOException {
        List<Document> documents = documents(2000, 3);
        List<Sample> samples = pack(Packing.BFD, documents);
        double tokens = samples.stream().mapToInt(Sample::length).sum();
        assertThat(tokens / (samples.size() * (double) MAX_LENGTH)).isGreaterThan(0.98);
        List<Integer> firsts = samples.stream()
                .map(sample -> Arrays.stream(sample.inputIds()).min().orElseThrow())
                .toList();
        assertThat(firsts).isSorted();
    }

    @Test
    void packsEachWindowByItself() throws IOException {
        List<Document> documents = documents(300, 4);
        List<Sample> windows = new ArrayList<>();
        pack(new WindowPacker(MAX_LENGTH, 400, windows::add), windows, documents);
        List<Sample> alone = new ArrayList<>();
        List<Document> window = new ArrayList<>();
        int tokens = 0;
        for (Document document : documents) {
            window.add(document);
            tokens += document.length();
            if (tokens >= 400) {
                alone.addAll(pack(Packing.BFD, window));
                window.clear();
                tokens = 0;
            }
        }
        alone.addAll(pack(Packing.BFD, window));
        assertThat(windows).isEqualTo(alone);
    }
}
