package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrepareCausalLmTest {
    private static final int ROWS = 200;
    private static final int EOS = 2;

    @TempDir
    private Path folder;

    private SparkSession spark;

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
    }

    private Path texts() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            lines.add(String.format(Locale.ROOT, "{\"text\": \"%s\"}", PrepareFixture.text(i)));
        }
        return PrepareFixture.write(folder.resolve("texts.jsonl"), lines);
    }

    private RunConfig config(String name, Path train, String packing, String... data) {
        List<String> lines = new ArrayList<>(List.of("train: " + train, "packing: " + packing));
        lines.addAll(Arrays.asList(data));
        return PrepareFixture.languageModel("causal-lm", folder.resolve(name), lines.toArray(String[]::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "bfd", "wrapped"})
    void usesEveryTokenOfEveryTextOnce(String packing) throws IOException {
        RunConfig config = config("dataset", texts(), packing, "max_length: 400", "test_fraction: 0.25");
        Manifest manifest = PrepareJob.run(spark, config);
        List<Integer> found = new ArrayList<>();
        long documents = 0;
        for (String name : manifest.splits().keySet()) {
            DatasetSplit split = manifest.split(name);
            documents += split.documents().count();
            long tokens = 0;
            long labelTokens = 0;
            for (Sample sample : PrepareFixture.samples(folder.resolve("dataset"), manifest, name)) {
                assertThat(sample.labels()).isEqualTo(sample.inputIds());
                assertThat(sample.length()).isLessThanOrEqualTo(400);
                int at = 0;
                for (int length : sample.documents()) {
                    at += length;
                    assertThat(sample.inputIds()[at - 1] == EOS || at == sample.length())
                            .isTrue();
                }
                Arrays.stream(sample.inputIds()).forEach(found::add);
                tokens += sample.length();
                labelTokens += sample.length() - sample.documents().length;
            }
            assertThat(split.tokens()).isEqualTo(tokens);
            assertThat(split.documents().labelTokens()).isEqualTo(labelTokens);
            assertThat(split.documents().dropped()).isEmpty();
            assertThat(split.truncated()).isZero();
        }
        assertThat(documents).isEqualTo(ROWS);
        assertThat(manifest.split(Manifest.TEST).documents().count()).isEqualTo(50);
        assertThat(manifest.split(Manifest.TRAIN).rows() == 130).isEqualTo(packing.equals("none"));

        List<Integer> expected = new ArrayList<>();
        TokenizerFiles files = TokenizerFiles.read(new org.apache.hadoop.fs.Path(config.model()), new Configuration());
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            for (int i = 0; i < ROWS; i++) {
                Arrays.stream(tokenizer.encodePlain(PrepareFixture.text(i))).forEach(expected::add);
                expected.add(EOS);
            }
        }
        assertThat(found.stream().sorted().toList())
                .isEqualTo(expected.stream().sorted().toList());
    }

    @Test
    void cutsDropsOrWrapsLongTexts() throws IOException {
        Path texts = texts();
        Manifest cut = PrepareJob.run(spark, config("cut", texts, "none", "max_length: 64"));
        assertThat(cut.split(Manifest.TRAIN).truncated()).isPositive();
        assertThat(cut.longest()).isEqualTo(64);
        Manifest dropped = PrepareJob.run(spark, config("dropped", texts, "bfd", "max_length: 64", "overlong: drop"));
        DatasetSplit.Documents documents = dropped.split(Manifest.TRAIN).documents();
        assertThat(documents.dropped().get("overlong"))
                .isEqualTo(cut.split(Manifest.TRAIN).truncated());
        assertThat(documents.count() + documents.dropped().get("overlong")).isEqualTo(180);
        Manifest wrapped = PrepareJob.run(spark, config("wrapped", texts, "wrapped", "max_length: 64"));
        assertThat(wrapped.split(Manifest.TRAIN).truncated()).isZero();
        assertThat(wrapped.split(Manifest.TRAIN).tokens())
                .isGreaterThan(cut.split(Manifest.TRAIN).tokens());
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "bfd", "wrapped"})
    void makesShortSamplesOfACorpusSmallerThanOneBlock(String packing) throws IOException {
        Path texts =
                PrepareFixture.write(folder.resolve("few.jsonl"), List.of("{\"text\": \"a\"}", "{\"text\": \"b c\"}"));
        Manifest manifest = PrepareJob.run(spark, config("few", texts, packing, "max_length: 400", "eval_fraction: 0"));
        assertThat(manifest.split(Manifest.TRAIN).documents().count()).isEqualTo(2);
        assertThat(PrepareFixture.samples(folder.resolve("few"), manifest, Manifest.TRAIN))
                .isNotEmpty()
                .allSatisfy(sample -> assertThat(sample.length()).isBetween(2, 8));
    }

    @Test
    void readsTextFoldersWithoutLabelsAndAddedTokensAsOneToken() throws IOException {
        for (int i = 0; i < 30; i++) {
            PrepareFixture.write(
                    folder.resolve("texts/" + i % 3 + "/" + i + ".txt"), List.of("<tool>" + PrepareFixture.text(i)));
        }
        RunConfig config = config("folders", folder.resolve("texts"), "bfd", "max_length: 400");
        RunConfig added = RunConfigLoader.parse(
                RunConfigLoader.toYaml(config), "run.yaml", List.of("tokenizer.add_special_tokens=[<tool>]"));
        Manifest manifest = PrepareJob.run(spark, added);
        assertThat(PrepareFixture.samples(folder.resolve("folders"), manifest, Manifest.TRAIN))
                .allSatisfy(sample -> assertThat(Arrays.stream(sample.inputIds())
                                .filter(id -> id == 384)
                                .count())
                        .isEqualTo(sample.documents().length));
        // Without the token, the dataset is another one.
        assertThatThrownBy(() -> PrepareJob.run(spark, config)).hasMessageContaining("data.tokenizer_sha256");
    }

    @Test
    void readsTextsToContinue() throws IOException {
        Path texts = texts();
        List<TaskInput> prompts = PrepareFixture.inputs(spark, config("any", texts, "none"), texts)
                .collect();
        assertThat(prompts).hasSize(ROWS);
        assertThat(prompts.get(7).text()).isEqualTo(PrepareFixture.text(7));
        assertThat(prompts.get(7).reference()).isNull();
        assertThat(prompts.get(7).sample().inputIds()).isNotEmpty().doesNotContain(EOS);
    }

    @Test
    void refusesASecondText() throws IOException {
        Path texts = texts();
        assertThatThrownBy(() -> PrepareJob.run(spark, config("pair", texts, "none", "text_pair: other")))
                .hasMessageContaining("data.text_pair: other is for task classification");
    }
}
