package io.github.sparkfinetune.bench;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.predict.LoadedModel;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Prints the logits of a run's trained model (a classifier of texts or words, a regression or question answering):
 * {@code Logits RUN_DIR}. Reads a JSON list of lists of token ids and prints a JSON list of lists of logits.
 */
final class Logits {
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
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            LoadedModel loaded =
                    LoadedModel.trained(config, manager, Path.of(config.output().model()), Optional.empty(), 1);
            int batch = config.training().perDeviceEvalBatchSize();
            System.out.println(json.writeValueAsString(Inference.logits(manager, loaded.model(), samples, batch)));
        }
    }
}
