package io.github.sparkfinetune.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DjlSettingsTest {
    @TempDir
    private Path temporary;

    private static String permissions(Path folder) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder));
    }

    @Test
    void keepsNativeLibrariesInAFolderThatOnlyTheUserCanEnter() throws IOException {
        Path folder = DjlSettings.ownFolder(temporary);

        assertThat(permissions(folder)).isEqualTo("rwx------");
        assertThat(folder).hasParentRaw(temporary);
        assertThat(DjlSettings.ownFolder(temporary))
                .as("the next process finds it")
                .isEqualTo(folder);
        assertThat(temporary).isDirectoryContaining(folder::equals).satisfies(all -> {
            try (var files = Files.list(all)) {
                assertThat(files).hasSize(1);
            }
        });
    }

    @Test
    void ignoresLibrariesThatOtherUsersMayHavePlanted() throws IOException {
        Path planted = DjlSettings.ownFolder(temporary);
        Files.writeString(planted.resolve("libtorch.so"), "planted");
        Files.setPosixFilePermissions(planted, PosixFilePermissions.fromString("rwxrwxrwx"));

        Path folder = DjlSettings.ownFolder(temporary);

        assertThat(folder).isNotEqualTo(planted).isEmptyDirectory();
        assertThat(permissions(folder)).isEqualTo("rwx------");
    }

    @Test
    void doesNotFollowALinkToAnotherFolder() throws IOException {
        Path elsewhere = Files.createDirectory(
                temporary.resolve("elsewhere"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path usual = DjlSettings.ownFolder(temporary);
        Files.delete(usual);
        Files.createSymbolicLink(usual, elsewhere);

        Path folder = DjlSettings.ownFolder(temporary);

        assertThat(folder).isNotEqualTo(usual);
        assertThat(Files.isSymbolicLink(folder)).isFalse();
        assertThat(elsewhere).isEmptyDirectory();
    }
}
