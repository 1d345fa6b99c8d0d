package io.github.sparkfinetune.data.pack;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Bins equal the bins of TRL's {@code pack_dataset}. */
class PackingGoldenTest {
    private final JsonNode golden = GoldenFolder.json("text/clm.json");

    PackingGoldenTest() throws IOException {}

    @Test
    void packsBestFitDecreasingAsTrl() {
        JsonNode packing = golden.get("packing");
        int size = packing.get("seq_length").asInt();
        int[] lengths = GoldenFolder.ints(packing.get("lengths"));
        List<List<Integer>> bins = BestFitDecreasing.bins(lengths, size);
        JsonNode expected = packing.get("bins").get("bfd");
        assertThat(bins).hasSize(expected.size());
        for (int i = 0; i < bins.size(); i++) {
            int[] documents = bins.get(i).stream().mapToInt(Integer::intValue).toArray();
            assertThat(documents).isEqualTo(GoldenFolder.ints(expected.get(i).get("documents")));
            assertThat(Arrays.stream(documents)
                            .map(document -> Math.min(lengths[document], size))
                            .toArray())
                    .isEqualTo(GoldenFolder.ints(expected.get(i).get("seq_lengths")));
        }
    }

    @Test
    void packsWrappedAsTrl() throws IOException {
        JsonNode packing = golden.get("packing");
        int size = packing.get("seq_length").asInt();
        List<Sample> samples = new ArrayList<>();
        DocumentPacker packer = DocumentPacker.of(Packing.WRAPPED, size, samples::add);
        int next = 0;
        for (JsonNode length : packing.get("lengths")) {
            int[] ids = IntStream.range(next, next + length.asInt()).toArray();
            packer.add(new Document(ids, ids));
            next += ids.length;
        }
        packer.finish();
        JsonNode expected = packing.get("bins").get("wrapped");
        assertThat(samples).hasSize(expected.size());
        for (int i = 0; i < samples.size(); i++) {
            Sample sample = samples.get(i);
            assertThat(sample.length()).isEqualTo(expected.get(i).get("length").asInt());
            assertThat(sample.documents())
                    .hasSize(expected.get(i).get("documents").size());
            assertThat(sample.inputIds()[0])
                    .isEqualTo(expected.get(i).get("first").get(0).asInt());
            assertThat(sample.inputIds()[sample.length() - 1])
                    .isEqualTo(expected.get(i).get("last").get(0).asInt());
        }
    }
}
