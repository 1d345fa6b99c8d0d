package io.github.sparkfinetune.data.tag;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import java.util.ArrayList;
import java.util.List;

/**
 * Tags of entities in the scheme IOB2: {@code B-TYPE} for the first word of an entity, {@code I-TYPE} for its further
 * words, {@code O} outside.
 *
 * <p>Input may also be IOB1 (an entity begins with I, or with B right after another of its type), BILOU (L for the last
 * word, U for a single word) or BIOES (E and S in their place). Tags without prefixes, such as parts of speech, are
 * kept as they are.
 */
public final class Iob2 {
    /** The tag of a word outside of any entity. */
    public static final String OUTSIDE = "O";
    /**
     * Reason: tags follow no scheme. The cases are a prefix without a type, a tag other than O without a prefix in a
     * row with entities, and, in a row with last or single words, an entity without a first or last word.
     */
    public static final String MALFORMED = "malformed_tags";

    private static final String BEGIN = "B-";
    private static final String INSIDE = "I-";
    private static final String PREFIXES = "BILEUS";
    /** First letters of the tags of an entity's last word, which BILOU and BIOES always have. */
    private static final String LAST = "LEUS";
    /** First letters of the tags of a word that does not begin an entity; in IOB1 a word with I may begin one. */
    private static final String LATER = "ILE";

    private Iob2() {}

    /** Converts the tags of a row to IOB2; the types stay. */
    static List<String> of(List<String> tags) throws UnusableRowException {
        boolean entities = tags.stream().anyMatch(Iob2::isPrefixed);
        boolean closed = tags.stream().anyMatch(tag -> isPrefixed(tag) && isOneOf(LAST, tag));
        List<String> converted = new ArrayList<>();
        // Type of the entity that the next word may continue.
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

    /** Returns whether a tag is a prefix without a type. */
    private static boolean isCutOff(String tag) {
        return tag.length() == 2 && tag.charAt(1) == '-' && isOneOf(PREFIXES, tag);
    }

    /** Returns whether a tag is a prefix with the type of an entity. */
    public static boolean isPrefixed(String tag) {
        return tag.length() > 2 && tag.charAt(1) == '-' && isOneOf(PREFIXES, tag);
    }

    /** Returns whether a tag begins an entity regardless of the tag before it. */
    public static boolean begins(String tag) {
        return tag.startsWith(BEGIN);
    }

    /** Returns the type of entity that a tag names, or the tag itself. */
    public static String type(String tag) {
        return isPrefixed(tag) ? tag.substring(2) : tag;
    }

    /**
     * Returns the tags of an entity.
     *
     * @param words number of words, at least 1
     */
    static List<String> entity(String type, int words) {
        List<String> tags = new ArrayList<>();
        for (int word = 0; word < words; word++) {
            tags.add(tag(type, word == 0));
        }
        return tags;
    }

    /**
     * Returns the tag of a word of an entity.
     *
     * @param first true for the first word of the entity
     */
    public static String tag(String type, boolean first) {
        return (first ? BEGIN : INSIDE) + type;
    }
}
