package io.github.sparkfinetune.spark.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ArgumentsTest {
    /** Arguments of each type. */
    public record Options(
            @Argument(label = "PATH", text = "A path.", required = true)
            String inputPath,

            @Argument(label = "N", text = "A number.", otherwise = "5")
            int number,

            @Argument(label = "D", text = "A margin.", otherwise = "0.5")
            double margin,

            @Argument(text = "A flag.") boolean isPublic,
            @Argument(label = "NAME", text = "Names.") List<String> names,
            @Argument(label = "TEXT", text = "A text.") String text) {
        public Options {
            if (number < 1) {
                throw RunException.config("--number: " + number + " is below 1");
            }
        }
    }

    private static final Arguments<Options> ARGUMENTS = new Arguments<>(Options.class);

    private static Options of(String json) throws Exception {
        JsonNode read = JsonFiles.MAPPER.readTree(json);
        return ARGUMENTS.of(read);
    }

    @Test
    void argumentsAreReadFromJson() throws Exception {
        assertThat(of("{\"input_path\": \"a\"}")).isEqualTo(new Options("a", 5, 0.5, false, List.of(), null));
        assertThat(of("""
                        {"input_path": "a", "number": 7, "margin": 1, "public": true, "names": ["x", "y"], "text": "t"}
                        """)).isEqualTo(new Options("a", 7, 1, true, List.of("x", "y"), "t"));
        assertThat(ARGUMENTS.of(Map.of("inputPath", "a", "number", 2)))
                .isEqualTo(new Options("a", 2, 0.5, false, List.of(), null));
    }

    @Test
    void wrongArgumentsAreRefused() {
        assertThatThrownBy(() -> of("{}")).hasMessage("the call has no argument input_path: give it a value");
        assertThatThrownBy(() -> of("{\"input_path\": \"a\", \"numbers\": 7}"))
                .hasMessage(
                        "the call has an argument numbers, known are input_path, number, margin, public, names, text");
        assertThatThrownBy(() -> of("{\"input_path\": \"a\", \"number\": \"seven\"}"))
                .hasMessage("--number: \"seven\" is no int");
        assertThatThrownBy(() -> of("{\"input_path\": \"a\", \"number\": 0}"))
                .isInstanceOf(RunException.class)
                .hasMessage("--number: 0 is below 1");
    }
}
