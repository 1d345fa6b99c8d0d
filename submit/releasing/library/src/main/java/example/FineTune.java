package example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.local.LocalPredictor;
import io.github.sparkfinetune.core.local.LocalRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/** Fine-tunes a classifier in this process: FineTune run.yaml train.jsonl eval.jsonl */
public final class FineTune {
    public static void main(String[] args) throws Exception {
        RunConfig config = RunConfigLoader.load(Path.of(args[0]), List.of());
        Path scratch = Files.createTempDirectory("fine-tune");
        LocalRun run = new LocalRun(config, new Configuration(), -1, Runtime.getRuntime().availableProcessors());
        List<JsonNode> eval = rows(Path.of(args[2]));
        run.prepare(Map.of("train", rows(Path.of(args[1])), "eval", eval));
        run.train(
                record -> System.out.println("step " + record.step() + " loss " + record.loss()),
                () -> false,
                scratch);
        try (LocalPredictor model = run.predictor(scratch)) {
            for (Map<String, Object> row : model.predict(eval)) {
                System.out.println(row.get("prediction") + " " + row.get("text"));
            }
        }
    }

    private static List<JsonNode> rows(Path file) throws Exception {
        ObjectMapper json = new ObjectMapper();
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            rows.add(json.readTree(line));
        }
        return rows;
    }
}
