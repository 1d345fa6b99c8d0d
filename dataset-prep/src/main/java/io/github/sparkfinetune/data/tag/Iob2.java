package io.github.sparkfinetune.data.tag;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import java.util.ArrayList;
import java.util.List;

/**
 * Tags of entities in the scheme IOB2: {@code B-TYPE} for the first word of an entity, {@code I-TYPE} for its others,
 * {@code O} outside. What is read may also be IOB1 (an entity begins with I, or with B right after another of its
 * type), BILOU (L the last word, U the only one) or BIOES (E and S for these). Where no tag has such a prefix, as parts
 * of speech have none, each stands for itself.
 */
public final class Iob2 {
    /** The tag of a word outside of any entity. */
    public static final String OUTSIDE = "O";
    /**
     * Tags are in no scheme: a prefix without a type; a tag that is neither that of an entity nor outside, in a row
     * with entities; or in a row with last or only words an entity that has no first or no last one.
     */
    public static final String MALFORMED = "malformed_tags";

    private static final String BEGIN = "B-";
    private static final String INSIDE = "I-";
    private static final String PREFIXES = "BILEUS";
    /** First letters of the tags of an entity's last word, which BILOU and BIOES always have. */
    private static final String LAST = "LEUS";
    /** First letters of the tags of a word that an entity does not begin with, but for IOB1's I. */
    private static final String LATER = "ILE";

    private Iob2() {}

    /** The tags of a row in IOB2, of which the types are kept. */
    static List<String> of(List<String> tags) throws UnusableRowException {
        boolean entities = tags.stream().anyMatch(Iob2::isPrefixed);
        boolean closed = tags.stream().anyMatch(tag -> isPrefixed(tag) && isOneOf(LAST, tag));
        List<String> converted = new ArrayList<>();
        // Type of the entity that the next word may go on with.
        String open = null;
        for (String tag : tags) {
            boolean prefixed = isPrefixed(tag);
            boolean later = prefixed && isOneOf(LATER, tag);
            boolean goesOn = later && type(tag).equals(open);
            if (isCutOff(tag)
                    || (entities && !prefixed && !tag.equals(OUTSIDE))
                    || (closed && goesOn != (later || open != null))) {
                throw new UnusableRowException(MALFORMED);
            }
            converted.add(prefixed ? (goesOn ? INSIDE : BEGIN) + type(tag) : tag);
            open = prefixed && !isOneOf(LAST, tag) ? type(tag) : null;
        }
        if (closed && open != null) {
            throw new UnusableRowException(MALFORMED);
        }
        return converted;
    }

    private static boolean isOneOf(String letters, String tag) {
        return letters.indexOf(tag.charAt(0)) >= 0;
    }

    /** Whether a tag is a prefix alone. */
    private static boolean isCutOff(String tag) {
        return tag.length() == 2 && tag.charAt(1) == '-' && isOneOf(PREFIXES, tag);
    }

    /** Whether a tag is a prefix and the type of an entity. */
    public static boolean isPrefixed(String tag) {
        return tag.length() > 2 && tag.charAt(1) == '-' && isOneOf(PREFIXES, tag);
    }

    /** Whether an entity begins with a tag, whatever comes before it. */
    public static boolean begins(String tag) {
        return tag.startsWith(BEGIN);
    }

    /** The type of entity that a tag names, or the tag itself. */
    public static String type(String tag) {
        return isPrefixed(tag) ? tag.substring(2) : tag;
    }

    /**
     * The tags of an entity.
     *
     * @param words how many it has, at least 1
     */
    static List<String> entity(String type, int words) {
        List<String> tags = new ArrayList<>();
        for (int word = 0; word < words; word++) {
            tags.add(tag(type, word == 0));
        }
        return tags;
    }

    /**
     * The tag of a word of an entity.
     *
     * @param first whether the entity begins with it
     */
    public static String tag(String type, boolean first) {
        return (first ? BEGIN : INSIDE) + type;
    }
}
