package io.github.sparkfinetune.python;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Checks that every package of {@code submit/fetch} has a hash, and that archives are not extracted outside their
 * folder.
 */
class FetchingTest {
    private static final Pattern PACKAGE = Pattern.compile("(?:wheel|sdist|npm)\\(\"([^\"]+)\"\\)");

    @Test
    void checksArchivesAndHashes() throws Exception {
        Process tests = new ProcessBuilder("python3", "-B", "src/test/python/test_packages.py")
                .redirectErrorStream(true)
                .start();
        String shown = new String(tests.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(tests.waitFor()).as(shown).isZero();
        assertThat(shown).contains("Ran 4 tests");
    }

    @Test
    void everyPackageHasAHash() throws IOException {
        String hashes = Files.readString(Path.of("fetching/hashes.json"));
        try (Stream<Path> scripts = Files.list(Path.of("fetching"))) {
            List<String> packages = scripts.filter(file -> file.toString().endsWith(".py"))
                    .flatMap(FetchingTest::packages)
                    .toList();
            assertThat(packages).hasSizeGreaterThan(10).allMatch(name -> hashes.contains('"' + name + "\": \""));
        }
    }

    private static Stream<String> packages(Path script) {
        try {
            Matcher calls = PACKAGE.matcher(Files.readString(script));
            return calls.results().map(call -> call.group(1)).toList().stream();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
