package io.github.sparkfinetune.data.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DataFunnelTest {
    private static Manifest manifest(Manifest.Corpus corpus) {
        DatasetSplit.Documents documents = new DatasetSplit.Documents(960, 40_000, Map.of("overlong", 10L));
        DatasetSplit train = new DatasetSplit(500, 50_000, 7, List.of(), List.of(), documents);
        return new Manifest(
                Manifest.SCHEMA_VERSION,
                RunConfig.Task.CAUSAL_LM,
                List.of(),
                128,
                0,
                Map.of(Manifest.TRAIN, train),
                List.of(),
                List.of(),
                Map.of(),
                Map.of("empty_text", 3L),
                0,
                0,
                27,
                Map.of("URL", 5L),
                List.of(),
                DatasetOptions.ofTexts(128, 1000, false, "cafe", 2, 42).withColumns("text", null, "label"),
                corpus,
                List.of());
    }

    private static List<String> lines(Manifest manifest) {
        return DataFunnel.of(manifest).stream()
                .map(line -> line.name() + " " + line.count() + (line.note().isEmpty() ? "" : ": " + line.note()))
                .toList();
    }

    @Test
    void listsEveryRowOnce() {
        assertThat(lines(manifest(null)))
                .containsExactly(
                        "rows of the sources 1000",
                        "left out: empty text 3",
                        "left out: duplicates 27",
                        "redacted: URL 5",
                        "train left out: overlong 10",
                        "train samples 500: 50,000 tokens, 100 a sample; 7 texts truncated");
    }

    @Test
    void namesTheLastGeneration() {
        Manifest one = manifest(null);
        Generation first = new Generation(
                2,
                new Generation.Files(3, 10),
                new Generation.Files(0, 0),
                Map.of("train", 480L),
                0,
                Map.of(),
                Map.of());
        Generation last = new Generation(
                1,
                new Generation.Files(2, 10),
                new Generation.Files(1, 5),
                Map.of("train", 20L),
                9,
                Map.of(),
                Map.of());

        assertThat(lines(one.withGenerations(List.of(first, last))))
                .startsWith(
                        "generations 2: the last read 2 files and added 20 samples; it erased 9 documents",
                        "left out: empty text 3");
    }

    @Test
    void summarisesSplitsAndLeftOutRowsInOneLine() {
        assertThat(DataFunnel.summary(manifest(null)))
                .isEqualTo("500 train rows (50,000 tokens, 40,000 of them trained on, of 960 documents; left out"
                        + " overlong: 10); left out empty_text: 3");
        Manifest.Corpus corpus = new Manifest.Corpus(
                2000, Map.of("near_dedup.threshold", 1040L, "c4.min_num_sentences", 60L), Map.of(), List.of());
        assertThat(DataFunnel.summary(manifest(corpus)))
                .endsWith("; left out by data.corpus c4.min_num_sentences: 60, near_dedup.threshold: 1,040");
    }

    @Test
    void namesTheRuleOfRejectedDocuments() {
        Manifest.Corpus corpus = new Manifest.Corpus(
                2000,
                Map.of("near_dedup.threshold", 40L, "c4.min_num_sentences", 60L),
                Map.of("email", 5L),
                List.of(new Manifest.Mixed("data.corpus.sources[0]", 0.5, 1870, 940, 0.5)));
        assertThat(lines(manifest(corpus)))
                .startsWith("rows of the sources 2000", "left out: empty text 3")
                .contains(
                        "left out by data.corpus.c4.min_num_sentences 60",
                        "left out by data.corpus.near_dedup.threshold 40",
                        "masked in the others: email 5",
                        "in the mix of data.corpus.sources[0] 940: of 1,870, 0.500 times each in the mean");
    }
}
