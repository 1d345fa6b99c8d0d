package io.github.sparkfinetune.job.group;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.report.RunFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Groups of a folder: the content of {@value #FILE}.
 *
 * @param column column of the groups
 * @param settings settings of all runs
 * @param groups values of the column
 */
record GroupsFile(String column, Map<String, String> settings, List<String> groups) {
    static final String FILE = "groups.json";

    static Optional<GroupsFile> read(RunFolder folder) throws IOException {
        Optional<String> text = folder.read(FILE);
        try {
            return text.isEmpty()
                    ? Optional.empty()
                    : Optional.of(JsonFiles.MAPPER.readValue(text.get(), GroupsFile.class));
        } catch (JsonProcessingException e) {
            throw RunException.data(
                    folder.shown(FILE) + ": is not a list of groups: remove the file, or choose another output.dir", e);
        }
    }

    String toJson() {
        return new String(JsonFiles.pretty(JsonFiles.MAPPER.valueToTree(this)), StandardCharsets.UTF_8);
    }
}
