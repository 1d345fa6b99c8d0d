package io.github.sparkfinetune.core.checkpoint;

import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A point of a run from which the run can be resumed.
 *
 * @param step number of completed optimizer steps
 * @param attempt attempt that wrote the checkpoint; letters, digits and hyphens
 */
public record Checkpoint(long step, String attempt) {
    /** Order with the newest first; among equal steps every process has the same order. */
    static final Comparator<Checkpoint> NEWEST_FIRST = Comparator.comparingLong(Checkpoint::step)
            .thenComparing(Checkpoint::attempt)
            .reversed();

    private static final Pattern NAME = Pattern.compile("step-(\\d{8,18})-([A-Za-z0-9-]+)");

    public Checkpoint {
        if (step < 0 || !attempt.matches("[A-Za-z0-9-]+")) {
            throw new IllegalArgumentException("step " + step + ", attempt '" + attempt + "'");
        }
    }

    /** Returns the folder's name, e.g. {@code step-00000050-4f2a-0}. */
    public String name() {
        return "step-%08d-%s".formatted(step, attempt);
    }

    /** Returns the checkpoint of a folder's name, or empty if the name is not a checkpoint's. */
    public static Optional<Checkpoint> ofName(String name) {
        Matcher matcher = NAME.matcher(name);
        return matcher.matches()
                ? Optional.of(new Checkpoint(Long.parseLong(matcher.group(1)), matcher.group(2)))
                        .filter(checkpoint -> checkpoint.name().equals(name))
                : Optional.empty();
    }
}
