package io.github.sparkfinetune.bench;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.GenerationConfig;
import io.github.sparkfinetune.conf.PredictConfig.PredictPrecision;
import io.github.sparkfinetune.core.generate.Generator;
import io.github.sparkfinetune.core.generate.Generator.Prompt;
import io.github.sparkfinetune.core.memory.ResidentMemory;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Adaptation.Storage;
import io.github.sparkfinetune.core.model.weight.Trainable;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Processor;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;

/**
 * Generates greedy answers to prompts: {@code Generate MODEL_DIR BATCH NEW_TOKENS THREADS [ROUNDS [STORAGE [PRECISION
 * [LOOKED_UP]]]]}. The prompts, on the standard input, and the printed answers are JSON lists of lists of token ids.
 * With ROUNDS prints the speed instead, with exactly NEW_TOKENS in each answer, after a short untimed round. STORAGE is
 * the storage of the linears, a constant of {@link Adaptation.Storage} (default F32). PRECISION is the precision of
 * products, a constant of {@link PredictPrecision} (default FP32). LOOKED_UP is {@code prompt_lookup_num_tokens}
 * (default 0).
 */
final class Generate {
    private Generate() {}

    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        int batch = Integer.parseInt(arguments[1]);
        int newTokens = Integer.parseInt(arguments[2]);
        int threads = Integer.parseInt(arguments[3]);
        int lookedUp = arguments.length > 7 ? Integer.parseInt(arguments[7]) : 0;
        ObjectMapper json = new ObjectMapper();
        int[][] ids = json.readValue(System.in, int[][].class);
        List<Prompt> prompts = IntStream.range(0, ids.length)
                .mapToObj(i -> new Prompt(i, ids[i]))
                .toList();
        Torch.start(threads);
        try (NDManager manager = Torch.manager(-1);
                SafetensorsModel source = SafetensorsModel.open(folder)) {
            Storage storage = arguments.length > 5 ? Storage.valueOf(arguments[5]) : Storage.F32;
            Adaptation none = new Adaptation(
                    Trainable.none(),
                    Optional.empty(),
                    Map.of(),
                    Optional.empty(),
                    storage,
                    false,
                    threads,
                    Optional.empty());
            PredictPrecision precision =
                    arguments.length > 6 ? PredictPrecision.valueOf(arguments[6]) : PredictPrecision.FP32;
            MatmulBackend matmul = matmul(precision, Device.of(manager));
            Decoder model = Decoder.load(manager, matmul, HfConfig.read(folder), source, none, 0);
            if (arguments.length == 4) {
                TokenizerFiles tokenizer =
                        TokenizerFiles.read(new org.apache.hadoop.fs.Path(folder.toUri()), new Configuration());
                Generator generator = new Generator(
                        manager,
                        model,
                        greedy(newTokens, lookedUp),
                        tokenizer.special().endIds(),
                        0,
                        batch);
                System.out.println(json.writeValueAsString(generator.generate(prompts)));
                return;
            }
            new Generator(manager, model, greedy(4, lookedUp), Set.of(), 0, batch).generate(prompts);
            Generator generator = new Generator(manager, model, greedy(newTokens, lookedUp), Set.of(), 0, batch);
            int rounds = Integer.parseInt(arguments[4]);
            double processor = ProcessorTime.seconds();
            long start = System.nanoTime();
            for (int i = 0; i < rounds; i++) {
                generator.generate(prompts);
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            double tokens = (double) rounds * ids.length * newTokens;
            System.out.printf(
                    Locale.ROOT,
                    "ours generate %s %s batch %d new %d threads %d tok/s %.1f processor ms a token %.1f peak MB %d%n",
                    precision,
                    storage,
                    batch,
                    newTokens,
                    threads,
                    tokens / seconds,
                    (ProcessorTime.seconds() - processor) / tokens * 1e3,
                    ResidentMemory.peak() >> 20);
        }
    }

    private static MatmulBackend matmul(PredictPrecision precision, Device device) {
        return switch (precision) {
            case AUTO, FP32 -> MatmulBackend.f32();
            case BF16 -> MatmulBackend.BF16.packed(device, true);
            case INT8, INT4 ->
                MatmulBackend.narrowWeights(
                                device,
                                precision == PredictPrecision.INT4,
                                Processor.here().hasBf16())
                        .orElseThrow();
        };
    }

    private static GenerationConfig greedy(int newTokens, int lookedUp) {
        return new GenerationConfig(newTokens, false, 1, 0, 1, 1, lookedUp, 0);
    }
}
