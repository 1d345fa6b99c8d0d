package io.github.sparkfinetune.core.checkpoint;

import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A place in a run that it can be continued from.
 *
 * @param step optimizer steps done
 * @param attempt the attempt that wrote it; letters, digits and hyphens
 */
public record Checkpoint(long step, String attempt) {
    /** The newest first; among equals in an order that every process agrees on. */
    static final Comparator<Checkpoint> NEWEST_FIRST = Comparator.comparingLong(Checkpoint::step)
            .thenComparing(Checkpoint::attempt)
            .reversed();

    private static final Pattern NAME = Pattern.compile("step-(\\d{8,18})-([A-Za-z0-9-]+)");

    public Checkpoint {
        if (step < 0 || !attempt.matches("[A-Za-z0-9-]+")) {
            throw new IllegalArgumentException("step " + step + ", attempt '" + attempt + "'");
        }
    }

    /** Name of its folder, e.g. {@code step-00000050-4f2a-0}. */
    public String name() {
        return "step-%08d-%s".formatted(step, attempt);
    }

    /** The checkpoint whose folder has this name, or empty when it is not the name of one. */
    public static Optional<Checkpoint> ofName(String name) {
        Matcher matcher = NAME.matcher(name);
        return matcher.matches()
                ? Optional.of(new Checkpoint(Long.parseLong(matcher.group(1)), matcher.group(2)))
                        .filter(checkpoint -> checkpoint.name().equals(name))
                : Optional.empty();
    }
}
