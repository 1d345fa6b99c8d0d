package io.github.sparkfinetune.data.sft;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Sets of columns that hold instructions and answers. The set of a source is found from the names of its columns. */
public enum SftColumns {
    /** Chat messages: a list of {@code {role, content}}. */
    MESSAGES("messages", null, "tools"),
    /** ShareGPT: a list of {@code {from, value}}. */
    CONVERSATIONS("conversations", null, "tools"),
    /** Alpaca. */
    INSTRUCTION("instruction", "output", "input"),
    /** TRL's prompt and completion: two texts, or two lists of messages. */
    PROMPT("prompt", "completion", "tools");

    private final String asked;
    /** Column of the answers; null if the answers are inside the column of the questions. */
    private final String answered;

    private final String optional;

    SftColumns(String asked, String answered, String optional) {
        this.asked = asked;
        this.answered = answered;
        this.optional = optional;
    }

    /** Returns the names of all columns that are read if they are present. */
    public List<String> names() {
        List<String> names = new ArrayList<>(List.of(asked, optional));
        if (answered != null) {
            names.add(answered);
        }
        return names;
    }

    /**
     * Returns the set that a source has.
     *
     * @param source key and path of the source, for messages
     * @param present columns of the source
     * @param answers true if answers are required
     * @throws RunException if the source has no set, or more than one
     */
    public static SftColumns of(String source, Collection<String> present, boolean answers) {
        List<SftColumns> found = whole(present);
        if (found.isEmpty() && !answers) {
            found = matching(kind -> present.contains(kind.asked));
        }
        if (found.size() == 1) {
            return found.get(0);
        }
        if (found.isEmpty()) {
            throw RunException.config(source + " has no columns that task sft knows ("
                    + Arrays.stream(values())
                            .map(kind -> kind.described(answers))
                            .collect(Collectors.joining("; "))
                    + "), its columns are "
                    + String.join(", ", present.stream().sorted().toList()));
        }
        throw RunException.config(source + " has the columns of more than one kind of conversation ("
                + found.stream().map(kind -> kind.described(true)).collect(Collectors.joining("; "))
                + "): take out those that are not to be trained on");
    }

    /** Returns the one set that a source has with answers; empty if it has none or more than one. */
    public static Optional<SftColumns> find(Collection<String> present) {
        return Optional.of(whole(present)).filter(found -> found.size() == 1).map(found -> found.get(0));
    }

    private static List<SftColumns> whole(Collection<String> present) {
        return matching(
                kind -> present.contains(kind.asked) && (kind.answered == null || present.contains(kind.answered)));
    }

    private static List<SftColumns> matching(Predicate<SftColumns> condition) {
        return Arrays.stream(values()).filter(condition).toList();
    }

    private String described(boolean answers) {
        return answers && answered != null ? asked + " and " + answered : asked;
    }
}
