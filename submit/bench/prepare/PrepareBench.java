import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.SparkSession;

/** Times prepare from the start of the process to the manifest. Arguments: model folder, JSONL file, folder to write. */
public class PrepareBench {
    public static void main(String[] args) {
        Instant submitted = ProcessHandle.current().info().startInstant().orElseThrow();
        String yaml = String.format(
                "model: %s%ntask: classification%noutput: {dir: %s}%n"
                        + "data: {train: %s, format: jsonl, eval_fraction: 0.1, max_length: 512, shards: 8}%n",
                args[0], args[2], args[1]);
        RunConfig config = RunConfigLoader.parse(yaml, "bench", List.of());
        SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", false)
                .getOrCreate();
        Instant started = Instant.now();
        Manifest manifest = PrepareJob.run(spark, config);
        Instant done = Instant.now();
        long tokens = manifest.splits().values().stream().mapToLong(Manifest.Split::tokens).sum();
        double whole = Duration.between(submitted, done).toMillis() / 1e3;
        double job = Duration.between(started, done).toMillis() / 1e3;
        System.out.printf(
                Locale.ROOT,
                "ours tokens %d whole_s %.1f whole_mtok_s %.3f job_s %.1f job_mtok_s %.3f%n",
                tokens, whole, tokens / whole / 1e6, job, tokens / job / 1e6);
        spark.stop();
    }
}
