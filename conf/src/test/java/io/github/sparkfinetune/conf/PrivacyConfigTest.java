package io.github.sparkfinetune.conf;

import io.github.sparkfinetune.conf.load.RunConfigLoader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrivacyConfigTest {
    private static final String GOOD = "model: m|task: classification|output: {dir: o}|data:|  train: t|";

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        cluster.shard=gradients ^ it must be used with cluster.shard: none or optimizer
        data.packing=bfd task=causal-lm ^ it must be used with data.packing: none
        method.type=lora tokenizer.add_special_tokens=[<a>] ^ it must be used without new tokens, or with method.type: full
        method.type=lora method.trainable_token_indices=[3] ^ it must be used without new tokens, or with method.type: full
        """)
    void rejectsWhatAPrivateRunCannotUse(String settings, String rule) {
        List<String> all = new ArrayList<>(List.of(settings.split(" ")));
        all.add("training.privacy.target_epsilon=8");
        BadConfigTest.assertRefused(
                () -> RunConfigLoader.parse(GOOD.replace('|', '\n'), "run.yaml", all),
                "--set training.privacy.target_epsilon: training.privacy.target_epsilon: 8.0 is not allowed, " + rule);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        training.privacy.public_sample=general ^ training.privacy.public_sample: general is not allowed, it must be the name of a set of data.held_out
        data.held_out.general=t ^ training.privacy.public_sample: general is not allowed, it must be a set whose rows are public: its path is also trained on
        data.held_out.general=p task=preference ^ training.privacy.public_sample: general is not allowed, it must be null with task: preference
        training.privacy.max_grad_norm=2 ^ training.privacy.public_sample: general is not allowed, it must be null with training.privacy.max_grad_norm
        """)
    void rejectsAPublicSampleThatIsNone(String settings, String rule) {
        List<String> all = new ArrayList<>(List.of(settings.split(" ")));
        all.addAll(List.of("training.privacy.target_epsilon=8", "training.privacy.public_sample=general"));
        BadConfigTest.assertRefused(
                () -> RunConfigLoader.parse(GOOD.replace('|', '\n'), "run.yaml", all),
                "--set training.privacy.public_sample: " + rule);
    }
}
