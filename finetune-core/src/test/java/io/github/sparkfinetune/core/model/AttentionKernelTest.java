package io.github.sparkfinetune.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.tensor.Processor;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttentionKernelTest {
    @ParameterizedTest
    @CsvSource({
        "true, ONEDNN, avx512bw avx512vl avx512dq, FUSED",
        "true, PYTORCH, avx512bw avx512vl avx512dq, FUSED",
        "true, BF16, avx512bw avx512vl avx512dq, MATRICES",
        "true, BF16, avx2, FUSED",
        "false, BF16, avx512bw avx512vl avx512dq, PYTORCH",
        "false, PYTORCH, avx2, PYTORCH"
    })
    void isChosenByTheMachine(boolean fused, MatmulBackend matmul, String flags, AttentionKernel expected) {
        Processor processor = new Processor("AuthenticAMD", Set.of(flags.split(" ")));
        assertThat(AttentionKernel.of(fused, matmul, processor)).isEqualTo(expected);
    }
}
