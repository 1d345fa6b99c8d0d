package io.github.sparkfinetune.data.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AllowedRootsTest {
    @TempDir
    private Path dir;

    private final Configuration hadoop = new Configuration();

    @ParameterizedTest
    @ValueSource(strings = {"/mails", "/mails/in.jsonl", "/mails/a/../b", "/models/*/tiny"})
    void pathsBelowAFolderAreAllowed(String path) {
        hadoop.set(AllowedRoots.SETTING, dir + "/mails, file:" + dir + "/models");

        assertThat(AbsolutePaths.of("data.train", dir + path, hadoop)).startsWith("file:" + dir);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/mails-of-others/in.jsonl", "/mails/../secret", "/mails/{a,..}/secret"})
    void otherPathsAreRefused(String path) {
        hadoop.set(AllowedRoots.SETTING, dir + "/mails");

        assertThatThrownBy(() -> AbsolutePaths.of("data.train", dir + path, hadoop))
                .isInstanceOf(RunException.class)
                .hasMessageStartingWith("data.train: file:" + dir)
                .hasMessageEndingWith(" is outside of the folders that this server allows (" + dir
                        + "/mails): use a path below one of them");
    }

    @Test
    void modelsOfTheHubNeedAnEntryOfTheirOwn() {
        AllowedRoots.requireHub("org/name", hadoop);
        hadoop.set(AllowedRoots.SETTING, dir + "/mails");
        assertThatThrownBy(() -> AllowedRoots.requireHub("org/name", hadoop))
                .hasMessageStartingWith("model: org/name is outside of the folders");

        hadoop.set(AllowedRoots.SETTING, dir + "/mails,hub:");
        AllowedRoots.requireHub("org/name", hadoop);
    }
}
