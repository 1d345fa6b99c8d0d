package io.github.sparkfinetune.core.metric;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Entities of a row of tags, as seqeval reads them: leniently by default ({@code get_entities}), in all schemes with
 * the prefixes B, I, E and S; or strictly as IOB2. A tag is a prefix of one letter, a dash and the entity type. Without
 * a dash, the type is the text after the first letter. The type of a single letter is {@code _}.
 */
final class EntitySpans {
    private EntitySpans() {}

    /**
     * A parsed tag.
     *
     * @param prefix first letter
     * @param type text after the first dash
     * @param strictType type without dashes at its ends
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

        /** Returns whether an entity of this tag ends before the next tag. */
        private boolean endsBefore(Tag next) {
            return is("ES") || (is("BI") && next.is("BSO")) || (!is("O.") && !type.equals(next.type));
        }

        /** Returns whether an entity starts with this tag. */
        private boolean startsAfter(Tag previous) {
            return is("BS") || (previous.is("ESO") && is("EI")) || (!is("O.") && !type.equals(previous.type));
        }
    }

    /**
     * An entity.
     *
     * @param type entity type
     * @param start index of the first tag in the row
     * @param end index after the last tag
     */
    record Entity(String type, int start, int end) {}

    /** Returns entities by seqeval's default rules: an entity also starts where the type changes. */
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

    /** Returns entities in strict IOB2: a B and the following Is of its type. Other tags are not part of an entity. */
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
