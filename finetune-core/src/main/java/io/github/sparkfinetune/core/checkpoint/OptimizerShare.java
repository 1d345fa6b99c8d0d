package io.github.sparkfinetune.core.checkpoint;

import java.util.Iterator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The part of the optimizer's state that one rank writes.
 *
 * @param index counted from 0
 * @param count of all that write some
 */
public record OptimizerShare(int index, int count) {
    /** All of it, written by one rank. */
    public static final OptimizerShare WHOLE = new OptimizerShare(0, 1);

    private static final Pattern FIRST = Pattern.compile("optimizer-00001-of-(\\d{5})\\.safetensors");
    private static final String PART = "-%05d-of-%05d";

    public OptimizerShare {
        if (index < 0 || index >= count) {
            throw new IllegalArgumentException("share " + index + " of " + count);
        }
    }

    /** Name of its file; parts are numbered from 1, as Hugging Face numbers the files of a model. */
    String file() {
        return count == 1 ? "optimizer.safetensors" : "optimizer" + PART.formatted(index + 1, count) + ".safetensors";
    }

    /** Name of the file that says that its rank has written all that it has to. */
    String marker() {
        return index == 0 ? "COMMITTED" : "COMMITTED" + PART.formatted(index + 1, count);
    }

    /** The first share of a checkpoint, told from the names of files among which its own is. */
    static OptimizerShare first(Iterator<String> names) {
        while (names.hasNext()) {
            Matcher first = FIRST.matcher(names.next());
            if (first.matches() && Integer.parseInt(first.group(1)) > 1) {
                return new OptimizerShare(0, Integer.parseInt(first.group(1)));
            }
        }
        return WHOLE;
    }

    /** Another one of the same state. */
    OptimizerShare other(int share) {
        return new OptimizerShare(share, count);
    }
}
