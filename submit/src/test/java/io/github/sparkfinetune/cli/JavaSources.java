package io.github.sparkfinetune.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Java sources of all modules. */
final class JavaSources {
    private static final List<String> MODULES =
            List.of("conf", "dataset-prep", "finetune-core", "spark-jobs", "submit");

    private JavaSources() {}

    /**
     * Returns the files below a folder of each module.
     *
     * @param folder folder in a module, such as {@code src/main/java}
     */
    static List<Path> below(String folder) throws IOException {
        List<Path> modules = new ArrayList<>(
                MODULES.stream().map(name -> Path.of("..", name)).toList());
        try (Stream<Path> extras = Files.list(Path.of("extras"))) {
            extras.filter(extra -> Files.isDirectory(extra.resolve("src"))).forEach(modules::add);
        }
        List<Path> sources = new ArrayList<>();
        for (Path module : modules) {
            try (Stream<Path> files = Files.walk(module.resolve(folder))) {
                files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
            }
        }
        return sources;
    }
}
