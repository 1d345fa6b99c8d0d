package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.core.train.RunKind.Extra;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RunKindTest {
    @Test
    void knowsAModelForEveryTask() {
        assertThat(Task.values()).allSatisfy(task -> assertThat(RunKind.MODELS).containsKey(task));
    }

    @Test
    void listsEveryTaskByEveryMethod() {
        RunKind.combinations()
                .filter(kind -> kind.extra() == Extra.NOTHING)
                .forEach(kind -> assertThat(kind.refusal()).as(kind.toString()).isEmpty());
    }

    @Test
    void leavesOutOnlyWhatTheConfigurationRefusesByItsKey() {
        RunKind.combinations()
                .forEach(kind -> assertThat(kind.refusal().orElse(kind.extra().key))
                        .as(kind.toString())
                        .contains(kind.extra().key));
        assertThat(RunKind.all().map(RunKind::extra)).contains(Extra.values());
    }

    @ParameterizedTest
    @EnumSource(Extra.class)
    void leavesOutOnlyTheLevelsThatTheConfigurationRefuses(Extra extra) {
        RunKind kind =
                RunKind.all().filter(one -> one.extra() == extra).findFirst().orElseThrow();
        for (Shard shard : Shard.values()) {
            assertThat(kind.refusal("cluster.shard=" + RunKind.lower(shard)).isEmpty())
                    .as(shard.name())
                    .isEqualTo(shard == Shard.NONE || kind.levels().contains(shard));
        }
    }
}
