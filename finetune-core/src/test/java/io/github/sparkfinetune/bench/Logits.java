package io.github.sparkfinetune.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/**
 * {@code Logits RUN_DIR}, of a classification run that is trained: reads a JSON list of lists of token ids, prints a
 * JSON list of lists of logits.
 */
public final class Logits {
    private Logits() {}

    public static void main(String[] arguments) throws IOException {
        ObjectMapper json = new ObjectMapper();
        int[][] ids = json.readValue(System.in, int[][].class);
        List<Sample> samples = new ArrayList<>();
        for (int[] row : ids) {
            samples.add(new Sample(samples.size(), row, new int[row.length], -1));
        }
        Path run = Path.of(arguments[0]);
        RunConfig config = RunConfigLoader.load(run.resolve("run.yaml"), List.of("output.dir=" + run));
        Path copies = Files.createTempDirectory("logits-");
        try (Predictor predictor = Predictor.trained(config, new Configuration(), copies, -1, 1)) {
            System.out.println(json.writeValueAsString(predictor.classes().logits(samples)));
        }
    }
}
