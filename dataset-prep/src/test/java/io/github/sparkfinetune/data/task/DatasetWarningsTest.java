package io.github.sparkfinetune.data.task;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Warning;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DatasetWarningsTest {
    @Test
    void warnsOfALabelThatIsRareComparedWithAnother() throws IOException {
        assertThat(imbalance(List.of("ham", "rare", "spam"), 100L, 5L, 30L))
                .singleElement()
                .asString()
                .startsWith("the label ham has 100 train rows, rare has 5: ");
        assertThat(imbalance(List.of("ham", "spam"), 100L, 6L)).isEmpty();
    }

    @Test
    void comparesEntitiesWithoutTheWordsOutside() throws IOException {
        List<String> tags = List.of("O", "B-GENE", "I-GENE", "B-DRUG");

        assertThat(imbalance(tags, 1_000L, 30L, 1L, 10L)).isEmpty();
        assertThat(imbalance(tags, 400L, 400L, 1L, 10L))
                .singleElement()
                .asString()
                .startsWith("the label B-GENE has 400 train rows, B-DRUG has 10: ");
    }

    private static List<String> imbalance(List<String> labels, Long... rows) throws IOException {
        DatasetSplit train = new DatasetSplit(rows[0], rows[0], 0, List.of(rows), List.of(), null);
        Manifest manifest = Manifest.of(
                Task.CLASSIFICATION,
                labels,
                8,
                0,
                Map.of(Manifest.TRAIN, train),
                DatasetOptions.of(Rows.config("classification").data(), GoldenFolder.tokenizer("wordpiece")));
        return DatasetWarnings.of(manifest, Map.of(), Map.of()).stream()
                .filter(warning -> warning.code().equals("label_imbalance"))
                .map(Warning::message)
                .toList();
    }
}
