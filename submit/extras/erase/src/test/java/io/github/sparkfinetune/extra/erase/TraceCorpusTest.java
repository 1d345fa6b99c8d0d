package io.github.sparkfinetune.extra.erase;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Traces of documents that data.corpus leaves out. */
class TraceCorpusTest {
    private static final int ROWS = 40;

    @TempDir
    private Path folder;

    private static String json(String text) {
        return "{\"text\": \"" + text + "\"}";
    }

    private Trace trace(SparkSession spark, RunConfig config, String row) throws IOException {
        Path file = Files.writeString(folder.resolve("document"), row);
        return TraceJob.ofFile(spark, config, "--text-file", file.toString());
    }

    @Test
    void namesTheRuleOfANearDuplicateOfAnEarlierGeneration() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        RunConfig config = PrepareFixture.languageModel(
                "causal-lm",
                folder.resolve("dataset"),
                "train: " + folder.resolve("texts"),
                "incremental: true",
                "eval_fraction: 0",
                "max_length: 64",
                "corpus: {near_dedup: {enabled: true}}");
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            lines.add(json(PrepareFixture.good(i)));
        }
        PrepareFixture.write(folder.resolve("texts/a.jsonl"), lines);
        PrepareJob.run(spark, config);
        String like = json(PrepareFixture.good(5) + "and one more.\\n");
        PrepareFixture.write(folder.resolve("texts/b.jsonl"), List.of(like));
        PrepareJob.run(spark, config);

        assertThat(trace(spark, config, like).droppedBecause()).isEqualTo("data.corpus.near_dedup.threshold");
    }

    @Tag("full")
    @Test
    void namesTheRuleOrTheOtherDocument() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            lines.add(json(PrepareFixture.good(i)));
        }
        lines.add(json("too short"));
        String like = json(PrepareFixture.good(5) + "and one more.\\n");
        lines.add(like);
        Path train = PrepareFixture.write(folder.resolve("train.jsonl"), lines);
        Path eval = PrepareFixture.write(folder.resolve("eval.jsonl"), List.of(lines.get(7)));
        RunConfig config = PrepareFixture.languageModel(
                "causal-lm",
                folder.resolve("dataset"),
                "train: " + train,
                "eval: " + eval,
                "max_length: 64",
                "corpus:",
                "  filters: [gopher_quality]",
                "  near_dedup: {enabled: true}",
                "  decontaminate: {enabled: true}");
        PrepareJob.run(spark, config);

        assertThat(trace(spark, config, json("too short")))
                .isEqualTo(Trace.refused("data.corpus.gopher_quality.min_doc_words"));

        Trace one = trace(spark, config, lines.get(5));
        Trace other = trace(spark, config, like);
        Trace kept = one.droppedBecause() == null ? one : other;
        Trace left = one.droppedBecause() == null ? other : one;
        assertThat(kept.places())
                .isNotEmpty()
                .allSatisfy(place -> assertThat(place.split()).isEqualTo("train"));
        assertThat(left.droppedBecause()).isEqualTo("data.corpus.near_dedup.threshold, for " + kept.hash());

        Trace heldOut = trace(spark, config, lines.get(7));
        assertThat(heldOut.droppedBecause()).isEqualTo("data.corpus.decontaminate.ngram, for " + heldOut.hash());
        assertThat(heldOut.places())
                .isNotEmpty()
                .allSatisfy(place -> assertThat(place.split()).isEqualTo("eval"));
        assertThat(heldOut.sources()).extracting(Trace.Source::key).containsExactly("data.train", "data.eval");

        assertThat(trace(spark, config, lines.get(0)).droppedBecause()).isNull();
    }
}
