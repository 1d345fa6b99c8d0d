package io.github.sparkfinetune.extra.erase;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.pack.DocumentPacker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SampleSearchTest {
    private static final int MAX_LENGTH = 16;

    /** Returns documents of all lengths, many with the same beginning. */
    private static List<int[]> documents(int longest) {
        Random random = new Random(1);
        List<int[]> documents = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            int number = i;
            documents.add(IntStream.range(0, 2 + random.nextInt(longest - 1))
                    .map(at -> at == 0 ? 1 : at == 1 ? 1000 + number : random.nextInt(3))
                    .toArray());
        }
        return documents;
    }

    private static List<Sample> packed(Packing packing, List<int[]> documents) throws IOException {
        List<Sample> samples = new ArrayList<>();
        DocumentPacker packer =
                DocumentPacker.of(packing, MAX_LENGTH, sample -> samples.add(sample.at(samples.size())));
        for (int[] ids : documents) {
            packer.add(new Document(ids, ids));
        }
        packer.finish();
        return samples;
    }

    private static int[] found(List<Sample> samples, RowTokens row) {
        SampleSearch search = new SampleSearch(row);
        samples.forEach(search::add);
        return search.found().stream()
                .flatMapToInt(part -> {
                    Sample sample = samples.get((int) part.sample());
                    assertThat(part.documents()).isEqualTo(sample.documents().length);
                    int from = Arrays.stream(sample.documents())
                            .limit(part.document())
                            .sum();
                    return Arrays.stream(sample.inputIds(), from, from + sample.documents()[part.document()]);
                })
                .toArray();
    }

    @ParameterizedTest
    @EnumSource(Packing.class)
    void findsEveryDocumentOnce(Packing packing) throws IOException {
        List<int[]> documents = documents(packing == Packing.WRAPPED ? 4 * MAX_LENGTH : MAX_LENGTH);
        List<Sample> samples = packed(packing, documents);
        for (int[] ids : documents) {
            assertThat(found(samples, new RowTokens(ids, false, null))).isEqualTo(ids);
        }
        assertThat(found(samples, new RowTokens(new int[] {1, 999}, false, null)))
                .isEmpty();
    }

    /** A last token that alone makes no sample is missing from the row's tokens, but it is in a sample. */
    @Test
    void findsARowWithoutItsLastToken() throws IOException {
        List<int[]> documents = documents(4 * MAX_LENGTH);
        List<Sample> samples = packed(Packing.WRAPPED, documents);
        int cut = 0;
        for (int[] ids : documents) {
            if (ids.length % MAX_LENGTH == 1) {
                int[] known = Arrays.copyOf(ids, ids.length - 1);
                assertThat(found(samples, new RowTokens(known, true, null)))
                        .startsWith(known)
                        .hasSizeBetween(known.length, ids.length);
                cut++;
            }
        }
        assertThat(cut).isPositive();
    }

    @Test
    void findsEveryCopy() throws IOException {
        int[] ids = {1, 2, 3};
        List<Sample> samples = packed(Packing.NONE, List.of(ids, new int[] {1, 2}, ids, new int[] {2, 3}, ids));

        assertThat(found(samples, new RowTokens(ids, false, null))).containsExactly(1, 2, 3, 1, 2, 3, 1, 2, 3);
    }
}
