package io.github.sparkfinetune.core.checkpoint;

import java.util.Iterator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The part of the optimizer's state that one rank writes.
 *
 * @param index index of the share
 * @param count number of shares
 */
public record OptimizerShare(int index, int count) {
    /** The whole state, written by one rank. */
    public static final OptimizerShare WHOLE = new OptimizerShare(0, 1);

    private static final Pattern FIRST = Pattern.compile("optimizer-00001-of-(\\d{5})\\.safetensors");
    private static final String PART = "-%05d-of-%05d";

    public OptimizerShare {
        if (index < 0 || index >= count) {
            throw new IllegalArgumentException("share " + index + " of " + count);
        }
    }

    /** Returns the name of the share's file; parts are numbered from 1, as in Hugging Face's model files. */
    String file() {
        return count == 1 ? "optimizer.safetensors" : "optimizer" + PART.formatted(index + 1, count) + ".safetensors";
    }

    /** Returns the name of the marker that the rank has written all of its files. */
    String marker() {
        return index == 0 ? "COMMITTED" : "COMMITTED" + PART.formatted(index + 1, count);
    }

    /** Returns the first share of a checkpoint, found by the name of its file among others. */
    static OptimizerShare first(Iterator<String> names) {
        while (names.hasNext()) {
            Matcher first = FIRST.matcher(names.next());
            if (first.matches() && Integer.parseInt(first.group(1)) > 1) {
                return new OptimizerShare(0, Integer.parseInt(first.group(1)));
            }
        }
        return WHOLE;
    }

    /** Returns another share of the same state. */
    OptimizerShare other(int share) {
        return new OptimizerShare(share, count);
    }
}
