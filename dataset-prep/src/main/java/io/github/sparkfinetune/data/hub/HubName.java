package io.github.sparkfinetune.data.hub;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a model on the Hugging Face Hub: {@code org/name}, or {@code org/name@revision}.
 *
 * @param repository {@code org/name}
 * @param revision a branch, a tag or a commit
 */
public record HubName(String repository, String revision) {
    /** The revision of a name that has none. */
    static final String MAIN = "main";

    /** As {@code huggingface_hub.utils.validate_repo_id} has it: 96 of these at most, no "--" and no ".." in it. */
    private static final String WORD = "[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?";

    /** A part of a branch's or tag's name; the cache has a folder for each part but the last. */
    private static final String PART = "[A-Za-z0-9_-][A-Za-z0-9._-]*";

    private static final int LONGEST_REVISION = 200;

    private static final Pattern NAME =
            Pattern.compile("(" + WORD + "/" + WORD + ")(?:@(" + PART + "(?:/" + PART + ")*))?");

    /** A snapshot's folder in the cache. */
    private static final Pattern SNAPSHOT =
            Pattern.compile(".*/models--(" + WORD + "?)--(" + WORD + ")/snapshots/([0-9a-f]{40})/?");

    /** Reads a name, or finds that the text is none. */
    public static Optional<HubName> parse(String text) {
        Matcher match = NAME.matcher(text);
        if (!match.matches() || text.contains("--") || text.contains("..")) {
            return Optional.empty();
        }
        String revision = match.group(2) == null ? MAIN : match.group(2);
        return revision.length() > LONGEST_REVISION
                ? Optional.empty()
                : Optional.of(new HubName(match.group(1), revision));
    }

    /** The name of a model by its folder in a cache, with the commit as its revision; empty for any other folder. */
    public static Optional<HubName> ofSnapshot(String folder) {
        Matcher match = SNAPSHOT.matcher(folder);
        return match.matches()
                ? Optional.of(new HubName(match.group(1) + "/" + match.group(2), match.group(3)))
                : Optional.empty();
    }

    /** What others call a model: its repository, where it is a folder of a cache, else its path. */
    public static String idOf(String model) {
        return ofSnapshot(model).map(HubName::repository).orElse(model);
    }

    String owner() {
        return repository.substring(0, repository.indexOf('/'));
    }

    String name() {
        return repository.substring(repository.indexOf('/') + 1);
    }

    /** The folder of all that a cache has of the model. */
    Path folder(Path cache) {
        return cache.resolve(folderName());
    }

    String folderName() {
        return "models--" + repository.replace("/", "--");
    }

    /** Where a commit of the model lies below a cache's folder. */
    public String snapshot(String commit) {
        return folderName() + "/snapshots/" + commit;
    }

    /** Whether the revision is a commit, which never changes. */
    boolean isCommit() {
        return revision.matches("[0-9a-f]{40}");
    }

    @Override
    public String toString() {
        return repository + "@" + revision;
    }
}
