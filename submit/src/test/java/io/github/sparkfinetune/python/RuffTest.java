package io.github.sparkfinetune.python;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Layout and lint of all Python of the project, by ruff as {@code .ruff.toml} configures it. */
@Timeout(600)
class RuffTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern VERSION = Pattern.compile("(?m)^required-version = \"(==[^\"]+)\"");

    private static Path ruff;

    @BeforeAll
    static void install() throws Exception {
        Matcher version = VERSION.matcher(Files.readString(ROOT.resolve(".ruff.toml")));
        assertThat(version.find()).as(".ruff.toml requires a version of ruff").isTrue();
        ruff = PipPackages.install("ruff", List.of("ruff" + version.group(1))).resolve("bin/ruff");
    }

    @Test
    void allPythonIsLaidOutByRuff() throws Exception {
        assertNothingIsFound("ruff format", "format", "--check");
    }

    @Test
    void allPythonPassesTheRules() throws Exception {
        assertNothingIsFound("ruff check --fix, then fix by hand what it leaves", "check");
    }

    @Test
    void programsWithoutAnEndingAreChecked() throws Exception {
        List<String> checked = ruff("check", "--show-files");
        List<String> programs = new ArrayList<>();
        try (Stream<Path> files = Files.walk(ROOT.resolve("submit"), 2)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                boolean plain = !file.getFileName().toString().contains(".") && Files.isRegularFile(file);
                if (plain && !file.startsWith(ROOT.resolve("submit/target")) && isPython(file)) {
                    programs.add(file.toString());
                }
            }
        }
        assertThat(programs).hasSizeGreaterThan(3);
        programs.removeAll(checked);
        if (!programs.isEmpty()) {
            throw new AssertionError(programs + ": add to extend-include of .ruff.toml");
        }
    }

    private static boolean isPython(Path file) throws IOException {
        return Files.readString(file, StandardCharsets.ISO_8859_1)
                .lines()
                .findFirst()
                .filter(line -> line.startsWith("#!") && line.contains("python"))
                .isPresent();
    }

    private static void assertNothingIsFound(String fix, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(arguments));
        command.addAll(List.of("--quiet", "--output-format", "concise"));
        String found = String.join("\n", ruff(command.toArray(String[]::new)));
        if (!found.isEmpty()) {
            throw new AssertionError(found.replaceAll("(?m)$", "; run submit/target/ruff/bin/" + fix));
        }
    }

    /** Returns what ruff prints, by line. */
    private static List<String> ruff(String... arguments) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Stream.concat(Stream.of(ruff.toString()), Stream.of(arguments))
                        .toList())
                .directory(ROOT.toFile())
                .redirectErrorStream(true)
                .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        int code = process.waitFor();
        assertThat(code == 0 || !printed.isEmpty())
                .as("ruff ended with %d", code)
                .isTrue();
        return printed.lines().toList();
    }
}
