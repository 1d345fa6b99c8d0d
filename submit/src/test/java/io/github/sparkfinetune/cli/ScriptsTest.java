package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Starts each script of the project with {@code -h}, in a copy of the tree and with no program that changes anything.
 */
@Timeout(120)
class ScriptsTest {
    private static final Path SUBMIT = Path.of("").toAbsolutePath();
    /** Programs that print the usage. */
    private static final List<String> PROGRAMS = List.of("bash", "cat", "dirname", "env", "readlink", "sed");

    /** Folders without scripts. */
    private static final Set<String> OTHERS = Set.of("java", "node_modules", "target");

    @TempDir
    private static Path folder;

    private static Path programs;

    private Map<String, String> before;

    /** Returns the scripts, as paths in {@code submit}; {@code LauncherTest} starts the launcher. */
    static List<String> scripts() throws IOException {
        List<String> scripts = new ArrayList<>();
        for (Path file : sources()) {
            if (Files.isExecutable(file)
                    && Files.readString(file, StandardCharsets.ISO_8859_1).startsWith("#!")) {
                scripts.add(SUBMIT.relativize(file).toString());
            }
        }
        scripts.removeIf(script -> script.endsWith("bin/finetune"));
        assertThat(scripts).contains("faults", "quickstart", "set-up", "site/build");
        return scripts;
    }

    private static List<Path> sources() throws IOException {
        List<Path> sources = new ArrayList<>();
        Files.walkFileTree(SUBMIT, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                // Other tests write below target.
                return OTHERS.contains(directory.getFileName().toString())
                        ? FileVisitResult.SKIP_SUBTREE
                        : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                sources.add(file);
                return FileVisitResult.CONTINUE;
            }
        });
        return sources;
    }

    @BeforeAll
    static void copy() throws IOException, InterruptedException {
        for (Path file : sources()) {
            Path copy = folder.resolve("submit").resolve(SUBMIT.relativize(file).toString());
            Files.createDirectories(copy.getParent());
            Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES);
        }
        programs = Files.createDirectory(folder.resolve("programs"));
        for (String program : PROGRAMS) {
            program(program, found(program).toString());
        }
        // Where python3 of the PATH is a script itself, it needs more programs.
        program(
                "python3",
                printed(new ProcessBuilder("python3", "-c", "import sys; print(sys.executable)"))
                        .strip());
    }

    @BeforeEach
    void notesTheTree() throws IOException {
        before = tree();
    }

    private static Path found(String program) {
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
                .map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow();
    }

    private static void program(String name, String file) throws IOException {
        Path link = Files.writeString(programs.resolve(name), "#!" + found("bash") + "\nexec " + file + " \"$@\"\n");
        assertThat(link.toFile().setExecutable(true)).isTrue();
    }

    /** Returns what a program prints; it must end with 0. */
    private static String printed(ProcessBuilder program) throws IOException, InterruptedException {
        Process process = program.redirectErrorStream(true).start();
        process.getOutputStream().close();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(printed).isZero();
        return printed;
    }

    /** Returns the files of the copy with their sizes and times. */
    private static Map<String, String> tree() throws IOException {
        Map<String, String> tree = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : (Iterable<Path>) all::iterator) {
                if (Files.isRegularFile(file)) {
                    tree.put(file.toString(), Files.size(file) + " " + Files.getLastModifiedTime(file));
                } else {
                    tree.put(file.toString(), "");
                }
            }
        }
        return tree;
    }

    @ParameterizedTest
    @MethodSource("scripts")
    void printsItsUsageAndDoesNothingElse(String script) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                        folder.resolve("submit").resolve(script).toString(), "-h")
                .directory(folder.toFile());
        builder.environment().put("PATH", programs.toString());

        assertThat(printed(builder)).contains("submit/" + script).doesNotContain("Traceback");
    }

    @AfterEach
    void nothingHasChanged() throws IOException {
        assertThat(tree()).isEqualTo(before);
    }
}
