package io.github.sparkfinetune.python;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** Packages of PyPI that tests run programs of. */
public final class PipPackages {
    private PipPackages() {}

    /**
     * Installs packages once into {@code target/NAME}; JVMs of parallel tests wait for the first.
     *
     * @param packages requirements as pip reads them; another list installs anew
     * @return the folder, for {@code PYTHONPATH}; programs are in its subfolder {@code bin}
     */
    public static Path install(String name, List<String> packages) throws IOException, InterruptedException {
        Path folder = Path.of("target", name).toAbsolutePath();
        Files.createDirectories(folder);
        try (FileChannel lock = FileChannel.open(
                folder.resolveSibling(name + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            lock.lock();
            Path done = folder.resolveSibling(name + ".done");
            String list = String.join("\n", packages);
            if (!Files.exists(done) || !Files.readString(done).equals(list)) {
                Files.deleteIfExists(done);
                pip(folder, packages);
                Files.writeString(done, list);
            }
        }
        return folder;
    }

    private static void pip(Path folder, List<String> packages) throws IOException, InterruptedException {
        Path log = folder.resolveSibling(folder.getFileName() + "-pip.log");
        ProcessBuilder pip = new ProcessBuilder(
                        "python3", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--upgrade", "--target")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        pip.command().add(folder.toString());
        pip.command().addAll(packages);
        if (pip.start().waitFor() != 0) {
            throw new IOException("pip cannot install " + packages + ": "
                    + Files.readString(log).strip());
        }
    }
}
