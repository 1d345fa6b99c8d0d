package io.github.sparkfinetune.extra.lineage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DatasetNameTest {

    @ParameterizedTest
    @CsvSource({
        "file:/data/mails.jsonl,                    file,                                  /data/mails.jsonl",
        "file:///data/mails/,                       file,                                  /data/mails",
        "file:/runs/x/../mails,                     file,                                  /runs/mails",
        "hdfs://nn:8020/data/mails,                 hdfs://nn:8020,                        /data/mails",
        "s3a://bucket/data/mails/,                  s3://bucket,                           data/mails",
        "s3://bucket,                               s3://bucket,                           /",
        "gs://bucket/data/mails,                    gs://bucket,                           data/mails",
        "abfs://c@a.dfs.core.windows.net/mails,     abfss://c@a.dfs.core.windows.net,      mails",
        "wasbs://c@a.blob.core.windows.net/mails,   wasbs://c@a.blob.core.windows.net,     mails",
        "s3a://bucket/mails/year=*/part-?.parquet,  s3://bucket,                           mails",
        "viewfs://cluster/data/mails,               viewfs://cluster,                      /data/mails",
    })
    void namesPathsAsTheSparkIntegrationDoes(String path, String namespace, String name) {
        assertThat(DatasetName.ofPath(path)).isEqualTo(new DatasetName(namespace, name));
    }

    @Test
    void namesAViewAndATableInItsMetastore() {
        assertThat(DatasetName.ofSource("table:rows_1")).isEqualTo(new DatasetName("inmemory://", "rows_1"));

        Map<String, String> spark =
                Map.of("spark.sql.catalog.lake.uri", "thrift://ms:9083,thrift://ms2:9083", "spark.master", "yarn");
        assertThat(DatasetName.inMetastore("table:lake.sales.mails", spark))
                .contains(new DatasetName("hive://ms:9083", "sales.mails"));
        assertThat(DatasetName.inMetastore("table:sales.mails", spark)).isEmpty();
        assertThat(DatasetName.inMetastore("table:sales.mails", Map.of("spark.hive.metastore.uris", "thrift://h:1")))
                .contains(new DatasetName("hive://h:1", "sales.mails"));
        assertThat(DatasetName.inMetastore("table:delta.`/lake/x.y`", spark)).isEmpty();
    }

    @Test
    void namesAModelOfTheHubByItsRepository() {
        String commit = "0123456789".repeat(4);
        assertThat(DatasetName.ofModel("file:/cache/models--acme--bert/snapshots/" + commit))
                .isEqualTo(new DatasetName("https://huggingface.co", "acme/bert"));
        assertThat(DatasetName.ofModel("hdfs://nn/models/bert"))
                .isEqualTo(new DatasetName("hdfs://nn", "/models/bert"));
    }
}
