package io.github.sparkfinetune.data.sft;

import io.github.sparkfinetune.conf.RunException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The sets of columns that hold instructions and answers; which one a source has is found from its columns. */
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
    /** Null where the answers are among what is asked. */
    private final String answered;

    private final String optional;

    SftColumns(String asked, String answered, String optional) {
        this.asked = asked;
        this.answered = answered;
        this.optional = optional;
    }

    /** All columns that are read where they are there. */
    public List<String> names() {
        List<String> names = new ArrayList<>(List.of(asked, optional));
        if (answered != null) {
            names.add(answered);
        }
        return names;
    }

    /**
     * The set that a source has.
     *
     * @param source the key and path of the source, for messages
     * @param present the source's columns
     * @param answers whether there must be answers; else a source without them will do
     * @throws RunException if it has none, or more than one
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

    /** The one set that a source has with answers, or nothing where it has none or more than one. */
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
