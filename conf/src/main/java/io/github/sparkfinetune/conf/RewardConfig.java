package io.github.sparkfinetune.conf;

import io.github.sparkfinetune.conf.key.Check;
import java.io.Serializable;

/**
 * Objective of task {@code reward}, under the names of TRL's {@code RewardConfig}.
 *
 * @param centerRewardsCoefficient weight of the squared sum of both rewards of a pair, which keeps the mean reward near
 *     0 (Eisenstein and others, 2023); 0: none
 */
public record RewardConfig(double centerRewardsCoefficient) implements Serializable {
    public RewardConfig {
        Check.that(
                centerRewardsCoefficient >= 0,
                "reward.center_rewards_coefficient",
                centerRewardsCoefficient,
                "at least 0");
    }
}
