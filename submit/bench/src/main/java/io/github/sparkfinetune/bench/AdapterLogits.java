package io.github.sparkfinetune.bench;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.adapter.AdapterStart;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.Decoding;
import io.github.sparkfinetune.core.predict.LoadedModel;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.tensor.Torch;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code AdapterLogits MODEL_DIR ADAPTER_DIR}: loads an adapter as a run that continues it does, reads a JSON list of
 * lists of token ids, prints a JSON list of the logits [vocabulary] of the token after each.
 */
final class AdapterLogits {
    private AdapterLogits() {}

    public static void main(String[] arguments) throws IOException {
        ObjectMapper json = new ObjectMapper();
        int[][] ids = json.readValue(System.in, int[][].class);
        Path base = Path.of(arguments[0]);
        Path adapter = Path.of(arguments[1]);
        RunConfig config = RunConfigLoader.parse(
                "{task: causal-lm, data: {train: none}, output: {dir: none}}",
                "check",
                List.of("model=" + base, "method.type=lora", "method.adapter=" + adapter));
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Decoder model = (Decoder) LoadedModel.toTrain(
                            config,
                            config.precision(),
                            manager,
                            base,
                            Optional.of(adapter),
                            Labels.none(),
                            0,
                            1,
                            AdapterStart.DEFAULT)
                    .model();
            List<float[]> logits = new ArrayList<>();
            try (Decoding decoding = new Decoding(manager, model, List.of(ids), 1)) {
                FloatBuffer all = decoding.logits();
                for (int i = 0; i < ids.length; i++) {
                    float[] row = new float[all.capacity() / ids.length];
                    all.get(i * row.length, row);
                    logits.add(row);
                }
            }
            System.out.println(json.writeValueAsString(logits));
        }
    }
}
