package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CompiledScriptsTest {
    private static final List<String> TEXT = List.of("core.tensor.samples.derived");

    @BeforeEach
    void start() {
        Torch.start(1);
    }

    private static CompiledScripts.Script get(NDManager user, int size) {
        return CompiledScripts.get(user, TEXT, Map.of("size", size));
    }

    @Test
    void sharesAModuleBetweenUsersOfTheSameTextAndAttributes() {
        try (NDManager one = Torch.manager(-1);
                NDManager two = Torch.manager(-1)) {
            assertThat(get(two, 4)).isSameAs(get(one, 4));
            assertThat(get(two, 5)).isNotSameAs(get(one, 4));
        }
    }

    @Test
    void keepsAModuleAfterItsFirstUserCloses() {
        try (NDManager two = Torch.manager(-1)) {
            ScriptModule script;
            try (NDManager one = Torch.manager(-1)) {
                ScriptModule.load(one, TEXT, Map.of("size", 6));
                script = ScriptModule.load(two, TEXT, Map.of("size", 6));
            }
            assertThat(script.callOne(two, "two", two.create(1f)).getFloat()).isEqualTo(7);
        }
    }

    @Test
    void keepsUsedModulesAndTheMostRecentIdleOnes() {
        try (NDManager user = Torch.manager(-1)) {
            CompiledScripts.Script used = get(user, 7);
            try (NDManager others = Torch.manager(-1)) {
                IntStream.range(100, 200).forEach(size -> get(others, size));
                assertThat(CompiledScripts.idle()).isLessThanOrEqualTo(16);
            }
            assertThat(CompiledScripts.idle()).isEqualTo(16);
            assertThat(get(user, 7)).isSameAs(used);
        }
    }
}
