package io.github.sparkfinetune.bench;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.adapter.AdapterStart;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.Decoding;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.predict.LoadedModel;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Prints the logits of a model with an adapter: {@code AdapterLogits MODEL_DIR ADAPTER_DIR {CAUSAL_LM|SEQ_CLS}}. Loads
 * the adapter like a run that continues its training. Reads a JSON list of lists of token ids. Prints a JSON list of
 * the logits [vocabulary] of the token after each list, or of a text's two classes.
 */
final class AdapterLogits {
    private AdapterLogits() {}

    public static void main(String[] arguments) throws IOException {
        ObjectMapper json = new ObjectMapper();
        int[][] ids = json.readValue(System.in, int[][].class);
        Path base = Path.of(arguments[0]);
        Path adapter = Path.of(arguments[1]);
        boolean generates = arguments[2].equals("CAUSAL_LM");
        RunConfig config = RunConfigLoader.parse(
                "{task: " + (generates ? "causal-lm" : "classification")
                        + ", data: {train: none}, output: {dir: none}}",
                "check",
                List.of("model=" + base, "method.type=lora", "method.adapter=" + adapter));
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Model model = LoadedModel.toTrain(
                            config,
                            config.precision(),
                            manager,
                            base,
                            Optional.of(adapter),
                            generates ? Labels.none() : new Labels(List.of("a", "b"), List.of(), 0),
                            Architectures.config(base),
                            1,
                            AdapterStart.DEFAULT,
                            new SingleRank())
                    .model();
            System.out.println(json.writeValueAsString(
                    generates ? next(manager, (Decoder) model, ids) : classes(manager, model, ids)));
        }
    }

    private static float[][] next(NDManager manager, Decoder model, int[]... ids) {
        float[][] logits = new float[ids.length][];
        try (Decoding decoding = new Decoding(manager, model, ids.length, 1)) {
            FloatBuffer all = decoding.start(IntStream.range(0, ids.length).toArray(), List.of(ids));
            for (int i = 0; i < ids.length; i++) {
                logits[i] = new float[all.capacity() / ids.length];
                all.get(i * logits[i].length, logits[i]);
            }
        }
        return logits;
    }

    private static float[][] classes(NDManager manager, Model model, int[]... ids) {
        List<Sample> samples = IntStream.range(0, ids.length)
                .mapToObj(i -> new Sample(i, ids[i], new int[ids[i].length], -1))
                .toList();
        return Inference.logits(manager, model, samples, 1);
    }
}
