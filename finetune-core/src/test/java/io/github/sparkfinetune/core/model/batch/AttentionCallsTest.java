package io.github.sparkfinetune.core.model.batch;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Each token has one position in a call of its text, and texts of similar length share a call. */
class AttentionCallsTest {
    @BeforeAll
    static void startTorch() {
        Torch.start(1);
    }

    private static AttentionCalls calls(int tokens, int... lengths) {
        return AttentionCalls.of(lengths, lengths, tokens, true);
    }

    private static List<Integer> lengths(AttentionCalls calls) {
        return calls.documents().stream().map(Batch.Document::length).toList();
    }

    private static Map<String, float[]> tensors(AttentionCalls calls) {
        Map<String, float[]> values = new HashMap<>();
        try (NDManager manager = Torch.manager(-1)) {
            calls.tensors(manager).forEach((name, tensor) -> values.put(name, floats(tensor)));
        }
        return values;
    }

    private static float[] floats(NDArray tensor) {
        return tensor.toType(DataType.FLOAT32, false).toFloatArray();
    }

    @Test
    void passesTextsOfOneLengthUnchanged() {
        AttentionCalls calls = calls(39, 13, 13, 13);
        assertThat(lengths(calls)).containsExactly(13, 13, 13);
        assertThat(tensors(calls)).isEmpty();
    }

    @Test
    void padsTextsOfSimilarLengthIntoSharedCalls() {
        AttentionCalls calls = calls(96, 30, 16, 9, 2, 33);
        assertThat(lengths(calls)).containsExactly(16, 16, 16, 32, 40, 6);
        assertThat(calls.documents().stream().map(Batch.Document::sample)).containsExactly(1, 2, 3, 0, 4, -1);
        assertThat(calls.isPadded()).isTrue();
    }

    @Test
    void makesOneCallForEachTextWithoutPadding() {
        int[] lengths = {30, 16, 9};
        AttentionCalls calls = AttentionCalls.of(lengths, lengths, 64, false);
        assertThat(lengths(calls)).containsExactly(30, 16, 9, 9);
        assertThat(tensors(calls)).isEmpty();
    }

    @Test
    void masksPaddingKeys() {
        AttentionCalls calls = AttentionCalls.of(new int[] {3, 5}, new int[] {5, 5}, 10, true);
        Map<String, float[]> tensors = tensors(calls);
        assertThat(tensors).containsOnlyKeys("bias");
        float hidden = Float.NEGATIVE_INFINITY;
        assertThat(tensors.get("bias")).containsExactly(0, 0, 0, hidden, hidden, 0, 0, 0, 0, 0);
    }

    @Test
    void givesEachRowOnePositionAndMasksPaddingForRandomLengths() {
        SplittableRandom random = new SplittableRandom(3);
        for (int round = 0; round < 50; round++) {
            int[] lengths = random.ints(1 + random.nextInt(12), 1, 90).toArray();
            int all = Arrays.stream(lengths).sum();
            int tokens = (all + 15) / 16 * 16;
            AttentionCalls calls = calls(tokens, lengths);
            int padded =
                    calls.documents().stream().mapToInt(Batch.Document::length).sum();
            Map<String, float[]> tensors = tensors(calls);
            float[] ordered = new float[padded];
            for (int position = 0; position < padded; position++) {
                ordered[position] = position;
            }
            float[] pad = tensors.getOrDefault("pad", ordered);
            float[] unpad = tensors.getOrDefault("unpad", ordered);
            float[] bias = tensors.getOrDefault("bias", new float[padded]);
            assertThat(unpad).hasSize(tokens);
            boolean[] real = new boolean[padded];
            for (int row = 0; row < tokens; row++) {
                assertThat(pad[(int) unpad[row]]).isEqualTo(row);
                real[(int) unpad[row]] = true;
            }
            for (int position = 0; position < padded; position++) {
                assertThat(bias[position]).isEqualTo(real[position] ? 0 : Float.NEGATIVE_INFINITY);
                assertThat(pad[position]).isBetween(0f, tokens - 1f);
            }
            assertThat(padded - tokens).isLessThan(16 * lengths.length);
            assertThat(IntStream.of(lengths).allMatch(length -> length == lengths[0]) ? padded : tokens)
                    .isEqualTo(tokens);
        }
    }
}
