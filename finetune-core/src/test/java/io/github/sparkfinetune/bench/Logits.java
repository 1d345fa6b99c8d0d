package io.github.sparkfinetune.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.core.train.Predictor;
import io.github.sparkfinetune.data.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code Logits MODEL_DIR}: reads a JSON list of lists of token ids, prints a JSON list of lists of logits. */
public final class Logits {
    private static final int BATCH = 8;

    private Logits() {}

    public static void main(String[] arguments) throws IOException {
        ObjectMapper json = new ObjectMapper();
        int[][] ids = json.readValue(System.in, int[][].class);
        List<Sample> samples = new ArrayList<>();
        for (int[] row : ids) {
            samples.add(new Sample(samples.size(), row, new int[row.length], -1));
        }
        try (Predictor predictor = new Predictor(Path.of(arguments[0]), -1, 1, BATCH)) {
            System.out.println(json.writeValueAsString(predictor.logits(samples)));
        }
    }
}
