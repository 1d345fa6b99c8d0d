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
    /** Revision of a name without one. */
    static final String MAIN = "main";

    /**
     * A word by the rules of {@code huggingface_hub.utils.validate_repo_id}: at most 96 characters, without "--" and
     * "..".
     */
    private static final String WORD = "[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?";

    /** A part of the name of a branch or tag; the cache has a folder for each part except the last. */
    private static final String PART = "[A-Za-z0-9_-][A-Za-z0-9._-]*";

    private static final int LONGEST_REVISION = 200;

    private static final Pattern NAME =
            Pattern.compile("(" + WORD + "/" + WORD + ")(?:@(" + PART + "(?:/" + PART + ")*))?");

    /** Path of a snapshot's folder in the cache. */
    private static final Pattern SNAPSHOT =
            Pattern.compile(".*/models--(" + WORD + "?)--(" + WORD + ")/snapshots/([0-9a-f]{40})/?");

    /** Parses a name; returns empty for any other text. */
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

    /**
     * Returns the name of the model whose folder in a cache this is, with the commit as revision; empty for any other
     * folder.
     */
    public static Optional<HubName> ofSnapshot(String folder) {
        Matcher match = SNAPSHOT.matcher(folder);
        return match.matches()
                ? Optional.of(new HubName(match.group(1) + "/" + match.group(2), match.group(3)))
                : Optional.empty();
    }

    /** Returns the public id of a model: its repository for a folder of a cache, else its path. */
    public static String idOf(String model) {
        return ofSnapshot(model).map(HubName::repository).orElse(model);
    }

    /** Returns the folder of a cache with all files of the model. */
    Path folder(Path cache) {
        return cache.resolve(folderName());
    }

    String folderName() {
        return "models--" + repository.replace("/", "--");
    }

    /** Returns the path of a commit of the model below a cache's folder. */
    public String snapshot(String commit) {
        return folderName() + "/snapshots/" + commit;
    }

    /** Returns whether the revision is a commit, which never changes. */
    boolean isCommit() {
        return revision.matches("[0-9a-f]{40}");
    }

    @Override
    public String toString() {
        return repository + "@" + revision;
    }
}
