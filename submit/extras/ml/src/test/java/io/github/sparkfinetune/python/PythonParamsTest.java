package io.github.sparkfinetune.python;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.spark.ml.TextClassifierTrainer;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.param.Param;
import org.junit.jupiter.api.Test;

class PythonParamsTest {
    private final String text = PythonParams.text();

    @Test
    void aStageHasItsParametersInTheOrderOfSparkMl() {
        List<String> names = Arrays.stream(new TextClassifierTrainer("uid").params())
                .map(Param::name)
                .toList();

        assertThat(ofClass("TextClassifierTrainerParams"))
                .containsSubsequence(
                        names.stream().map(name -> "\n    " + name + ": Param[").toList())
                .contains("labelCol=\"label\"", "find(\"TextClassifierTrainer\")(self.uid)");
    }

    @Test
    void aParameterHasItsTypeItsMeaningAndItsAccessors() {
        assertThat(ofClass("TextTokenizerParams")).contains("""
                            maxLength: Param[int] = Param(
                                Params._dummy(),
                                "maxLength",
                                "tokens at which a text is cut, special tokens included",
                                TypeConverters.toInt,
                            )
                        """, """
                            def setMaxLength(self, value: int) -> Self:
                                \"""Sets :py:attr:`maxLength`.\"""
                                return self._set(maxLength=value)
                        """);
    }

    @Test
    void aModelIsMadeOfItsJavaObject() {
        assertThat(ofClass("TextClassifierModelParams"))
                .contains("def __init__(self, java_model: Any | None = None) -> None:");
    }

    private String ofClass(String name) {
        int start = text.indexOf("\nclass " + name + "(");
        assertThat(start).as(name).isNotNegative();
        int end = text.indexOf("\nclass ", start + 1);
        return text.substring(start, end < 0 ? text.length() : end);
    }
}
