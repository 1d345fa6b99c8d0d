package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.prepare.ErasedShards;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/** Documents that are erased. Rows with equal content are one document. */
interface Documents {
    /** Returns the hashes of the documents, sorted. */
    List<String> hashes();

    /** Finds the samples of the documents in all splits. */
    List<ErasedShards.Part> parts(SparkSession spark, RunConfig config, Path dataset, Manifest manifest);
}
