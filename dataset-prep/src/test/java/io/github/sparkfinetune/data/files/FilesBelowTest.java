package io.github.sparkfinetune.data.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilesBelowTest {
    @TempDir
    private Path folder;

    private List<String> files(FileSystem system) throws IOException {
        List<String> files = new ArrayList<>();
        FilesBelow.each(
                system,
                new org.apache.hadoop.fs.Path(folder.toString()),
                file -> files.add(file.getPath() + " " + file.getLen()));
        return files;
    }

    /** The second file system is listed as those of a cluster are. */
    @Test
    void localFilesAreThoseOfOtherFileSystems() throws IOException {
        Files.createDirectories(folder.resolve("a/b c%20"));
        Files.createDirectories(folder.resolve("empty"));
        Files.writeString(folder.resolve("a/b c%20/x.txt"), "12345");
        Files.writeString(folder.resolve("a/_y"), "");
        Files.writeString(folder.resolve("z"), "1");
        try (FileSystem raw = new RawLocalFileSystem()) {
            Configuration hadoop = new Configuration();
            raw.initialize(java.net.URI.create("file:///"), hadoop);

            assertThat(files(FileSystem.getLocal(hadoop))).hasSize(3).containsExactlyInAnyOrderElementsOf(files(raw));
        }
    }
}
