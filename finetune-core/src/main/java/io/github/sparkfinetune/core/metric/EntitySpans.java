package io.github.sparkfinetune.core.metric;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Entities of a row of tags, read as seqeval reads them: by default ({@code get_entities}) leniently and in all schemes
 * whose prefixes are B, I, E and S, and strictly as IOB2. A tag is a prefix of one letter, a dash and the type of
 * entity; without a dash all after the first letter is the type, and of a single letter it is {@code _}.
 */
final class EntitySpans {
    private EntitySpans() {}

    /**
     * A tag that was read.
     *
     * @param prefix its first letter
     * @param type after the first dash
     * @param strictType the same without dashes at its ends
     */
    record Tag(String prefix, String type, String strictType) {
        private static final Tag BEFORE_A_ROW = new Tag("O", "", "");
        private static final Tag AFTER_A_ROW = of("O");

        static Tag of(String name) {
            if (name.isEmpty()) {
                throw new IllegalArgumentException("a tag without a name");
            }
            int letter = name.offsetByCodePoints(0, 1);
            String rest = name.substring(letter);
            return new Tag(
                    name.substring(0, letter),
                    named(rest.substring(rest.indexOf('-') + 1)),
                    named(rest.replaceAll("^-+|-+$", "")));
        }

        private static String named(String type) {
            return type.isEmpty() ? "_" : type;
        }

        private boolean is(String letters) {
            return letters.contains(prefix);
        }

        /** Whether an entity of this tag ends before the next. */
        private boolean endsBefore(Tag next) {
            return is("ES") || (is("BI") && next.is("BSO")) || (!is("O.") && !type.equals(next.type));
        }

        /** Whether an entity starts with this tag. */
        private boolean startsAfter(Tag previous) {
            return is("BS") || (previous.is("ESO") && is("EI")) || (!is("O.") && !type.equals(previous.type));
        }
    }

    /**
     * An entity.
     *
     * @param type its type
     * @param start place of its first tag in the row
     * @param end place after its last
     */
    record Entity(String type, int start, int end) {}

    /** The default: an entity also starts where the type changes. */
    static Set<Entity> lenient(List<Tag> row) {
        Set<Entity> entities = new HashSet<>();
        Tag previous = Tag.BEFORE_A_ROW;
        int start = 0;
        for (int i = 0; i <= row.size(); i++) {
            Tag tag = i < row.size() ? row.get(i) : Tag.AFTER_A_ROW;
            if (previous.endsBefore(tag)) {
                entities.add(new Entity(previous.type, start, i));
            }
            if (tag.startsAfter(previous)) {
                start = i;
            }
            previous = tag;
        }
        return entities;
    }

    /** Strict IOB2: an entity is a B and the Is of its type after it; what follows no B is none. */
    static Set<Entity> strict(List<Tag> row) {
        Set<Entity> entities = new HashSet<>();
        int i = 0;
        while (i < row.size()) {
            Tag first = row.get(i);
            int start = i++;
            if (first.is("B")) {
                while (i < row.size()
                        && row.get(i).is("I")
                        && row.get(i).strictType.equals(first.strictType)) {
                    i++;
                }
                entities.add(new Entity(first.strictType, start, i));
            }
        }
        return entities;
    }
}
