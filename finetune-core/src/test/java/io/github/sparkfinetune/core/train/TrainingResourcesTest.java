package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.checkpoint.FarFileSystem;
import io.github.sparkfinetune.core.collective.SingleRank;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copies of a remote model on the disk of a rank's machine. */
class TrainingResourcesTest {
    @TempDir
    private Path folder;

    private RankContext rank() {
        return new RankContext(
                new SingleRank(),
                -1,
                1,
                FarFileSystem.configuration(),
                folder.resolve("local"),
                "a",
                record -> {},
                () -> StopRequest.NONE);
    }

    @Test
    void deletesTheCopyOfAModelWithItsRank() throws Exception {
        TinyRun tiny = new TinyRun(folder, "bert-seqcls", 0.1);
        RunConfig config = tiny.config("run", "model=" + FarFileSystem.path(tiny.base()));
        try (TrainingResources first = new TrainingResources(config, rank(), null);
                TrainingResources second = new TrainingResources(config, rank(), null)) {
            assertThat(second.folder()).isEqualTo(first.folder()).isDirectoryContaining("glob:**.safetensors");
            assertThat(second.temporary()).isNotEqualTo(first.temporary()).isEmptyDirectory();
        }
        assertThat(folders()).isEmpty();
    }

    @Test
    void leavesNothingIfARankCannotStart() throws Exception {
        TinyRun tiny = new TinyRun(folder, "bert-seqcls", 0.1);
        String model = "model=" + FarFileSystem.path(tiny.base());
        for (String wrong : List.of("data.dir=", "method.adapter=")) {
            RunConfig config = tiny.config("run", model, "method.type=lora", wrong + folder.resolve("missing"));
            assertThatThrownBy(() -> new TrainingResources(config, rank(), null).close())
                    .isInstanceOf(RunException.class);
            assertThat(folders()).isEmpty();
        }
    }

    /** Returns the folders of existing copies. */
    private List<Path> folders() throws IOException {
        try (Stream<Path> users = Files.list(folder.resolve("local"));
                Stream<Path> copies = Files.list(users.findFirst().orElseThrow())) {
            return copies.filter(Files::isDirectory).toList();
        }
    }
}
