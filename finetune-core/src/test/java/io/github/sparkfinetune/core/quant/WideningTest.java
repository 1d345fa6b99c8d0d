package io.github.sparkfinetune.core.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.core.safetensors.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WideningTest {
    private static final int[] SIZES = {100, 300_001, 64, 2048, 131_072, 1};

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    @ParameterizedTest
    @CsvSource({"F32, 1", "F32, 2", "F32, 7", "BF16, 1", "BF16, 2", "BF16, 7"})
    void widensSeveralWeightsLikeEachAlone(TensorType type, int threads) {
        List<Widening> all = new ArrayList<>();
        for (int size : SIZES) {
            Nf4Tensor weight = Weights.nf4(Weights.normal(size, size), true, 1);
            int first = size / 3 * type.bytes();
            all.add(new Widening(weight, List.of(direct(first), direct(size * type.bytes() - first))));
        }
        Widening.run(all, type, threads);
        for (Widening one : all) {
            ByteBuffer alone = direct((int) one.weight().count() * type.bytes());
            one.weight().widen(0, alone, type);
            ByteBuffer joined = ByteBuffer.allocate(alone.capacity());
            one.targets().forEach(target -> joined.put(target.duplicate()));
            assertThat(joined.flip()).isEqualTo(alone);
        }
    }

    @Test
    void refusesATargetOfAnotherSize() {
        Nf4Tensor weight = Weights.nf4(Weights.normal(100, 5), false, 1);
        List<Widening> all = List.of(new Widening(weight, direct(404)));
        assertThatThrownBy(() -> Widening.run(all, TensorType.F32, 1))
                .hasMessage("a weight of 100 elements does not fit 404 bytes");
    }
}
