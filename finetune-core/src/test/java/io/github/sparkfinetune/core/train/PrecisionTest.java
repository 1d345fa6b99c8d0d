package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrecisionTest {
    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        Torch.start(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    0    | fp32: the processor of rank 1 (10.0.0.2) has neither avx512_bf16 nor amx_bf16
                    1.19 | fp32: bf16 products are 1.2 times as fast as fp32 (slowest: rank 1 (10.0.0.2))
                    1    | fp32: bf16 products are 1.0 times as fast as fp32 (slowest: rank 1 (10.0.0.2))
                    1.25 | bf16: bf16 products are 1.3 times as fast as fp32 (slowest: rank 1 (10.0.0.2))
                    2    | bf16: bf16 products are 2.0 times as fast as fp32 (slowest: rank 1 (10.0.0.2))
                    """)
    void decidesByTheSlowestRank(double speedup, String expected) {
        assertThat(Precision.decided(speedup, "rank 1 (10.0.0.2)")).hasToString(expected);
    }

    @Test
    void bf16ThatIsAskedForSaysWhichRankIsSlowInIt() {
        assertThat(Precision.demanded(true, "rank 0")).hasToString("bf16: set by precision");
        assertThat(Precision.demanded(false, "rank 1 (10.0.0.2)"))
                .hasToString("bf16: set by precision, but slower than fp32 would be: the processor of"
                        + " rank 1 (10.0.0.2) has neither avx512_bf16 nor amx_bf16");
    }

    private Precision of(PrecisionChoice requested, Precision kept, int hidden) throws IOException {
        TinyModel.copy(
                folder.resolve("model-" + hidden),
                "llama-tied",
                config -> config.put("hidden_size", hidden).put("intermediate_size", 4 * hidden));
        ModelShape shape = Architectures.of(HfConfig.read(folder.resolve("model-" + hidden)))
                .shape();
        try (NDManager manager = Torch.manager(-1);
                SingleRank rank = new SingleRank()) {
            return Precision.of(requested, kept, rank, Device.of(manager), shape);
        }
    }

    @Test
    void usesAnExplicitPrecision() throws IOException {
        Precision kept = new Precision(PrecisionChoice.FP32, "before");
        assertThat(of(PrecisionChoice.BF16, kept, 64).choice()).isEqualTo(PrecisionChoice.BF16);
        assertThat(of(PrecisionChoice.FP32, null, 128).choice()).isEqualTo(PrecisionChoice.FP32);
    }

    @Test
    void keepsThePrecisionOfAResumedRun() throws IOException {
        Precision kept = new Precision(PrecisionChoice.BF16, "before");
        assertThat(of(PrecisionChoice.AUTO, kept, 64)).isEqualTo(kept);
    }

    @Test
    void staysInF32IfProductsAreTooSmallToMeasure() throws IOException {
        assertThat(of(PrecisionChoice.AUTO, null, 64).choice()).isEqualTo(PrecisionChoice.FP32);
    }

    @Test
    void usesF32WithoutBf16InstructionsAndMeasuresOtherwise() throws IOException {
        Precision chosen = of(PrecisionChoice.AUTO, null, 768);
        Precision demanded = of(PrecisionChoice.BF16, null, 64);
        boolean listed = Files.readString(Path.of("/proc/cpuinfo")).matches("(?s).*\\b(avx512_bf16|amx_bf16)\\b.*");
        assertThat(Bf16Probe.hasInstructions()).isEqualTo(listed);
        assertThat(chosen.reason()).contains(listed ? "times as fast as fp32" : "neither avx512_bf16 nor amx_bf16");
        assertThat(demanded.choice()).isEqualTo(PrecisionChoice.BF16);
        assertThat(demanded.reason().contains("slower than fp32")).isEqualTo(!listed);
    }
}
