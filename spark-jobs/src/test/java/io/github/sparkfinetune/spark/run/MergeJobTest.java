package io.github.sparkfinetune.spark.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.adapter.AdapterMerge;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(600)
class MergeJobTest {
    private static final Path GOLDEN = Path.of("../finetune-core/src/test/resources/golden");

    @TempDir
    Path folder;

    @Test
    void mergesTheRunsAdapterOrAnotherIntoItsBase() throws IOException {
        String model = "model=" + GOLDEN.resolve("models/llama-tied");
        RunConfig config = Runs.in(folder, model, "task=causal-lm");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            String first = folder.resolve("first").toString();
            assertThatThrownBy(() -> MergeJob.run(spark, config, null, first))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("run/model: train first, or name a PEFT adapter's folder with --adapter");

            Path trained = Files.createDirectories(Path.of(config.output().model()));
            for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
                Files.copy(GOLDEN.resolve("peft/lora-qv").resolve(file), trained.resolve(file));
            }
            assertThatThrownBy(() -> MergeJob.run(spark, Runs.in(folder, model), null, first))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("run/model is an adapter for CAUSAL_LM, a model of this task needs one for"
                            + " SEQ_CLS: set task to that of the adapter's training");
            assertThat(MergeJob.run(spark, config, null, first)).isEqualTo(new AdapterMerge.Merged(4, 0));

            String another = GOLDEN.resolve("peft/lora-patterns").toString();
            String second = folder.resolve("second").toString();
            assertThat(MergeJob.run(spark, config, another, second)).isEqualTo(new AdapterMerge.Merged(6, 0));
            assertThat(names("second"))
                    .isEqualTo(names("first"))
                    .contains("model.safetensors", "config.json", "tokenizer.json", "README.md");
            assertThat(Files.mismatch(Path.of(first, "model.safetensors"), Path.of(second, "model.safetensors")))
                    .isNotNegative();
        }
    }

    private List<String> names(String output) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve(output))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
