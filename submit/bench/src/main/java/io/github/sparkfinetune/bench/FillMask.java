package io.github.sparkfinetune.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.mask.MaskingVocabulary;
import io.github.sparkfinetune.data.task.TaskInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/**
 * Predicts the mask tokens of texts with the trained model of a masked-lm run: {@code FillMask RUN_DIR}. Reads a JSON
 * list of lists of token ids. Prints for each list a JSON list of the predictions at its mask tokens: {@code score},
 * {@code token}, {@code token_str}.
 */
final class FillMask {
    private FillMask() {}

    public static void main(String[] arguments) throws IOException {
        ObjectMapper json = new ObjectMapper();
        Path run = Path.of(arguments[0]);
        RunConfig config = RunConfigLoader.load(run.resolve("run.yaml"), List.of("output.dir=" + run));
        Configuration hadoop = new Configuration();
        TokenizerFiles tokenizer = TokenizerFiles.read(
                new org.apache.hadoop.fs.Path(config.output().model()), hadoop);
        MaskingVocabulary vocabulary = MaskingVocabulary.ofTokens(config.model(), tokenizer);
        List<TaskInput> inputs = new ArrayList<>();
        for (int[] ids : json.readValue(System.in, int[][].class)) {
            inputs.add(TaskInput.text("", "", null, Sample.ofDocuments(0, ids, vocabulary.masks(ids), ids.length)));
        }
        Path copy = Files.createTempDirectory("fill-mask-");
        RowType<?> type = TaskSpecs.of(config).predictionRows();
        List<List<Map<?, ?>>> filled = new ArrayList<>();
        try (Predictor predictor = Predictor.trained(config, hadoop, copy, -1, 1)) {
            predictor
                    .predict(inputs.iterator())
                    .forEachRemaining(
                            row -> filled.add(((List<?>) type.named(row).get("predictions"))
                                    .stream().map(FillMask::shown).toList()));
        } finally {
            HadoopFiles.deleteLocal(copy);
        }
        System.out.println(json.writeValueAsString(filled));
    }

    /** Returns the values that a pipeline of transformers also has. */
    private static Map<?, ?> shown(Object predicted) {
        Map<?, ?> values = new LinkedHashMap<>((Map<?, ?>) predicted);
        values.remove("mask");
        return values;
    }
}
