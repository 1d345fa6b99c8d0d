package io.github.sparkfinetune.data.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetSplit.Shard;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An untrusted manifest cannot lead outside of its folder. */
class ShardPathTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../other/part-0.parquet",
                "train/../../part-0.parquet",
                "/etc/passwd",
                "file:/etc/passwd",
                "hdfs://other/part-0.parquet",
                "train\\..\\part-0.parquet",
                "train//part-0.parquet",
                ".."
            })
    void refusesAShardOutsideTheFolder(String file) throws Exception {
        assertThatThrownBy(() -> new Shard(file, 1, List.of(1)))
                .hasMessageEndingWith("is not a file in the dataset's folder");
        Files.writeString(
                folder.resolve("manifest.json"),
                "{\"splits\": {\"train\": {\"shards\": [{\"file\": \"" + file.replace("\\", "\\\\")
                        + "\", \"bytes\": 1, \"row_groups\": [1]}]}}}");
        assertThatThrownBy(() -> Manifest.read(new org.apache.hadoop.fs.Path(folder.toUri()), new Configuration()))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("manifest.json is not a manifest")
                .hasMessageContaining("is not a file in the dataset's folder");
    }

    @Test
    void acceptsAShardInsideTheFolder() {
        assertThat(new Shard("train/part-0.parquet", 1, List.of(1)).file()).isEqualTo("train/part-0.parquet");
    }
}
