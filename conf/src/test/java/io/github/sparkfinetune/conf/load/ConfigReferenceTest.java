package io.github.sparkfinetune.conf.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Checks that each key has a default, a meaning in Javadoc, a check in its record and a line in CONFIG.md. */
class ConfigReferenceTest {
    private static final Path CONFIG_MD = Path.of("../CONFIG.md");

    @Test
    void configMdIsUpToDate() throws IOException {
        if (Boolean.getBoolean("config.write")) {
            Files.writeString(CONFIG_MD, ConfigReference.markdown());
        }
        assertThat(CONFIG_MD)
                .as("write it with ./mvnw -pl conf test -Dtest=ConfigReferenceTest -Dconfig.write=true")
                .hasContent(ConfigReference.markdown());
    }

    @Test
    void configMdHasEachSectionOnceAndCharactersAsWritten() throws IOException {
        assertThat(Files.readAllLines(CONFIG_MD).stream().filter(line -> line.startsWith("## ")))
                .doesNotHaveDuplicates();
        assertThat(CONFIG_MD).content().doesNotContain("\\u");
    }

    @Test
    void defaultsHaveEveryKey() {
        List<String> keys =
                Keys.all().keySet().stream().filter(key -> !Keys.isSection(key)).toList();

        assertThat(ConfigReference.defaults().keySet()).containsExactlyInAnyOrderElementsOf(keys);
    }

    @Test
    void everyKeyAndConstantHasAMeaning() {
        assertThat(ConfigReference.defaults().keySet())
                .filteredOn(key -> ConfigReference.meaning(key).isEmpty()
                        || ConfigReference.meaning(key).contains("null" + "<br>"))
                .as("keys and constants without Javadoc")
                .isEmpty();
    }

    @Test
    void everyKeyWithInvalidValuesHasACheck() {
        List<String> keys = Keys.all().keySet().stream()
                .filter(key -> ConfigReference.needsCheck(Keys.all().get(key)))
                .toList();

        assertThat(keys)
                .hasSizeGreaterThan(50)
                .filteredOn(key -> !key.equals(
                        ConfigReference.refusal(key).map(RunException::key).orElse(null)))
                .as("keys whose record refuses neither null nor -1")
                .isEmpty();
    }

    @Test
    void pathsAreTextsOrMaps() {
        assertThat(Keys.all()).allSatisfy((key, component) -> {
            if (Keys.isPath(key)) {
                assertThat(component.getType()).isIn(String.class, Map.class);
            }
        });
    }
}
