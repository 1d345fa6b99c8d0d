package io.github.sparkfinetune.data.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.MethodSource;

/** An untrusted manifest gives a dataset whose files are in its folder, or an error of one line. */
class ManifestFuzzTest {
    private static final Configuration HADOOP = new Configuration();
    private static final DatasetOptions OPTIONS =
            DatasetOptions.ofTexts(9, 1000, false, "cafe", 2, 42).withColumns("text", "subject", "label");

    @TempDir
    private static java.nio.file.Path folder;

    static Stream<byte[]> manifests() throws IOException {
        List<DatasetSplit.Shard> shards =
                List.of(new DatasetSplit.Shard("train/part-00000.parquet", 10, List.of(7, 3)));
        Manifest manifest = new Manifest(
                Manifest.SCHEMA_VERSION,
                Task.CLASSIFICATION,
                List.of("ham", "spam"),
                9,
                0,
                Map.of(Manifest.TRAIN, new DatasetSplit(10, 123, 3, List.of(5L, 5L), shards, null)),
                List.of(),
                List.of(),
                Map.of(),
                Map.of("empty_text", 2L),
                1,
                1,
                0,
                Map.of(),
                List.of(new Manifest.Source("data.train", "file:/mails.jsonl", 1, 99, "ab")),
                OPTIONS,
                null,
                List.of());
        manifest.write(new Path(folder.toUri()), HADOOP);
        byte[] written = Files.readAllBytes(folder.resolve("manifest-1.json"));
        String text = new String(written, StandardCharsets.UTF_8);
        return Stream.of(
                written,
                "null".getBytes(StandardCharsets.UTF_8),
                text.replace("train/part", "../part").getBytes(StandardCharsets.UTF_8),
                text.replace("\"file\" : \"train/", "\"file\" : \"" + "a/".repeat(20_000))
                        .getBytes(StandardCharsets.UTF_8),
                text.replaceAll("\"options\" : (?s:.*)\\}", "\"options\" : null }")
                        .getBytes(StandardCharsets.UTF_8));
    }

    @MethodSource("manifests")
    @FuzzTest(maxDuration = "")
    void givesADatasetOrAOneLineError(byte[] json) throws IOException {
        Path dataset = new Path(folder.toUri());
        Files.write(folder.resolve("manifest-1.json"), json);
        try {
            Manifest manifest = Manifest.read(dataset, HADOOP);
            manifest.splits().values().stream()
                    .flatMap(split -> split.shards().stream())
                    .forEach(shard -> assertThat(
                                    folder.resolve(shard.file()).normalize().startsWith(folder))
                            .isTrue());
            manifest.split(Manifest.TRAIN);
            manifest.requireMatches(dataset, manifest.task(), OPTIONS);
            manifest.requireMatches(
                    dataset,
                    manifest.task(),
                    OPTIONS.withDocuments(new DatasetOptions.DocumentOptions(null, null, null, null)));
        } catch (RunException e) {
            assertThat(e.getMessage()).doesNotContain("\n");
        }
    }
}
