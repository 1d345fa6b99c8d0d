package io.github.sparkfinetune.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.ParquetSamples;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * {@code MaskedSamples RUN_DIR}, of a masked-lm run: prints a JSON object a held-out sample, as it is measured:
 * {@code input_ids}, {@code labels} (-100 where a token is not masked).
 */
final class MaskedSamples {
    private MaskedSamples() {}

    public static void main(String[] arguments) throws IOException {
        ObjectMapper json = new ObjectMapper();
        RunConfig config = RunConfigLoader.load(
                java.nio.file.Path.of(arguments[0], "run.yaml"), List.of("output.dir=" + arguments[0]));
        Configuration hadoop = new Configuration();
        TokenizerFiles tokenizer = TokenizerFiles.read(new Path(config.model()), hadoop);
        Path dataset = new Path(config.dataset());
        Manifest manifest = Manifest.read(dataset, hadoop);
        String split = manifest.splits().containsKey(Manifest.TEST) ? Manifest.TEST : Manifest.EVAL;
        try (SampleSource samples = TaskDatas.of(config)
                .draws(tokenizer)
                .evaluated(ParquetSamples.open(dataset, manifest, split, hadoop))) {
            for (long index = 0; index < samples.size(); index++) {
                Sample sample = samples.read(index);
                System.out.println(
                        json.writeValueAsString(Map.of("input_ids", sample.inputIds(), "labels", sample.labels())));
            }
        }
    }
}
