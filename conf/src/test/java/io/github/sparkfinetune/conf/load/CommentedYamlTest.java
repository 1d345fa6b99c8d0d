package io.github.sparkfinetune.conf.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommentedYamlTest {
    private static CommentedYaml run() {
        return new CommentedYaml()
                .head("a run")
                .text("model", "models/m", "BERT")
                .set("task", "sft", "")
                .text("data.train", "a.jsonl", "3 rows")
                .text("output.dir", "runs/a", "");
    }

    @Test
    void writesALineForEachKeyWithItsComment() {
        assertThat(run().set("data.max_length", 64, "tokens").text()).isEqualTo("""
            # a run
            model: models/m                   # BERT
            task: sft
            data:
              train: a.jsonl                  # 3 rows
              max_length: 64                  # tokens
            output:
              dir: runs/a
            """);
    }

    @Test
    void keepsTheLastValueOfAKey() {
        assertThat(run().set("task", "causal-lm", "").remove("output.dir").overrides())
                .containsExactly("model=models/m", "task=causal-lm", "data.train=a.jsonl");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a: b", "# no", "true", "1", "null", "with 'quotes' and \"more\"", "ü \\ {x}", "a:", "[a"})
    void readsBackTextsUnchanged(String text) {
        CommentedYaml yaml = run().text("data.text", text, "");

        assertThat(RunConfigLoader.parse(yaml.text(), "run.yaml", List.of())
                        .data()
                        .text())
                .isEqualTo(text);
        assertThat(RunConfigLoader.parse("{}", "none", yaml.overrides()))
                .isEqualTo(RunConfigLoader.parse(yaml.text(), "run.yaml", List.of()));
    }
}
