package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Names in Java code use the field's words, see the glossary in CONTRIBUTING.md. */
class NamesTest {
    /** Left column of the glossary, as parts of a camel-case name. */
    private static final Set<String> PRIVATE_WORDS =
            Set.of("told", "said", "wanted", "mend", "mended", "ring", "projection", "look", "ours", "theirs", "aside");

    private static final Pattern COMMENT_OR_TEXT =
            Pattern.compile("/\\*.*?\\*/|//[^\\n]*|\"\"\".*?\"\"\"|\"(?:\\\\.|[^\"\\\\\\n])*\"", Pattern.DOTALL);
    private static final Pattern NAME = Pattern.compile("\\p{Alpha}\\w*");
    private static final Pattern PART = Pattern.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+");

    @Test
    void containNoPrivateWord() throws IOException {
        Set<String> found = new TreeSet<>();
        for (Path file : JavaSources.below("src")) {
            String code = COMMENT_OR_TEXT.matcher(Files.readString(file)).replaceAll(" ");
            Matcher name = NAME.matcher(code);
            while (name.find()) {
                if (parts(name.group()).anyMatch(PRIVATE_WORDS::contains)) {
                    found.add(name.group() + " in " + file.getFileName());
                }
            }
        }
        assertThat(found).as("use the words of the glossary in CONTRIBUTING.md").isEmpty();
    }

    private static Stream<String> parts(String name) {
        return PART.matcher(name).results().map(part -> part.group().toLowerCase(Locale.ROOT));
    }
}
