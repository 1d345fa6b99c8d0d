package io.github.sparkfinetune.core.collective.nccl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.collective.exchange.Ranks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class NcclRanksTest {
    private static final Duration DEADLINE = Duration.ofMillis(300);

    @TempDir
    private Path folder;

    private NcclRanks ranks(int gpu, boolean encrypted, boolean required) {
        return new NcclRanks(gpu, folder, encrypted, required, DEADLINE);
    }

    /** Warnings of the ranks. */
    private final List<String> warnings = new CopyOnWriteArrayList<>();

    /** Returns each rank's collective, or the message of its refusal. */
    private List<Object> choose(NcclRanks settings, IntFunction<Nccl> load) throws Exception {
        try (Ranks ranks = Ranks.join(2)) {
            return ranks.play(exchange -> {
                try (Collective chosen = settings.over(exchange, () -> load.apply(exchange.rank()), warnings::add)) {
                    // The ranks are still in step.
                    chosen.barrier();
                    return chosen == exchange ? "exchange" : chosen;
                } catch (RunException e) {
                    return e.getMessage();
                }
            });
        }
    }

    private static IntFunction<Nccl> fakes() {
        FakeNetwork network = new FakeNetwork(2);
        return rank -> new FakeNccl(network, rank);
    }

    @Test
    void usesNcclIfAllRanksCan() throws Exception {
        for (boolean required : List.of(true, false)) {
            assertThat(choose(ranks(1, false, required), fakes())).allMatch(NcclCollective.class::isInstance);
        }
        assertThat(warnings).isEmpty();
    }

    static Stream<Arguments> obstacles() {
        return Stream.of(
                Arguments.of("its libraries lack NCCL", (IntFunction<Nccl>) rank -> {
                    throw new UnsatisfiedLinkError("its libraries lack NCCL\nand more");
                }),
                Arguments.of("NCCL 2.21.5 is older than 2.23.0", (IntFunction<Nccl>)
                        rank -> new FakeNccl(new FakeNetwork(2), rank).ofVersion(22105)),
                Arguments.of("ncclCommInitRankScalable failed: no driver", (IntFunction<Nccl>)
                        rank -> new FakeNccl(new FakeNetwork(2), rank).refusing("no driver")));
    }

    @ParameterizedTest
    @MethodSource("obstacles")
    void fallsBackOrRefusesTogetherIfARankCannot(String reason, IntFunction<Nccl> obstacle) throws Exception {
        IntFunction<Nccl> able = fakes();
        IntFunction<Nccl> mixed = rank -> rank == 1 ? obstacle.apply(1) : able.apply(0);
        assertThat(choose(ranks(0, false, false), mixed)).containsExactly("exchange", "exchange");
        assertThat(warnings)
                .singleElement()
                .satisfies(warning -> assertThat(warning)
                        .startsWith("NCCL is not possible on rank 1 (")
                        .contains(
                                "): " + reason + ": the ranks copy gradients",
                                "which takes longer than from GPU to GPU")
                        .doesNotContain("\n"));
        for (Object message : choose(ranks(0, false, true), mixed)) {
            assertThat((String) message)
                    .startsWith("cluster.collective: nccl is not possible on rank 1 (")
                    .endsWith("): " + reason + ": set cluster.collective to auto or tcp")
                    .doesNotContain("\n");
        }
    }

    @Test
    void refusesToSendInClearWhatMustBeEncrypted() throws Exception {
        assertThat(choose(ranks(0, true, false), fakes())).containsExactly("exchange", "exchange");
        assertThat(choose(ranks(0, true, true), fakes()))
                .allMatch(message -> ((String) message).contains("must be encrypted, which NCCL's is not"));
    }

    @Test
    void needsAGpu() throws Exception {
        assertThat(choose(ranks(-1, false, false), rank -> {
                    throw new AssertionError("loaded without a GPU");
                }))
                .containsExactly("exchange", "exchange");
        assertThat(choose(ranks(-1, false, true), fakes()))
                .allMatch(message -> ((String) message).contains("it has no GPU"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void needsALibtorchForCuda(boolean required) throws Exception {
        try (Ranks ranks = Ranks.join(2)) {
            ranks.play(exchange -> {
                if (required) {
                    assertThatThrownBy(() -> ranks(0, false, true).over(exchange))
                            .isInstanceOf(RunException.class)
                            .hasMessageContaining("the libtorch in " + folder + " is built for CPUs");
                } else {
                    assertThat(ranks(0, false, false).over(exchange)).isSameAs(exchange);
                }
                return null;
            });
        }
    }

    @Test
    void leavesASingleRankAlone() {
        Collective single = new SingleRank();
        assertThat(ranks(0, true, true).over(single)).isSameAs(single);
    }
}
