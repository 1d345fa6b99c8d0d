package io.github.sparkfinetune.conf.redact;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Personal data that is replaced in every text of a dataset. Rules find it by form, check digit or numbering plan, and
 * a model what has no form, such as names of persons.
 *
 * @param entities entities to find, by the names of Presidio: those that rules find, such as EMAIL_ADDRESS, and those
 *     that {@code data.redact.model} finds, such as PERSON; submit/docs/redact.md lists them; {@code []}: none
 * @param operator change to entities without an operator of their own
 * @param operators operator by entity, such as {@code {DATE_TIME: date_shift}}
 * @param keep values that stay as they are, exactly as the text has them
 * @param phoneRegions countries, by their two letters, whose telephone numbers are also found without a leading +
 * @param keyFile file of the key for hash, pseudonym and date_shift, at least 16 bytes; equal keys give equal results,
 *     and the key enters no file of the run
 * @param person column of the person, such as patient: dates of all rows of a person move by the same number of days,
 *     and a value has the same pseudonym in all rows of a person and other pseudonyms elsewhere; null: by row, and the
 *     same pseudonym everywhere
 * @param model folder of a token classifier in Hugging Face layout, which finds names, addresses and other entities
 *     without a form; null: rules only
 * @param labels entity by label of the model without B- and I-, such as {@code {PROVIDER: ORGANIZATION}}; other labels
 *     have the entities of Presidio, such as PERSON for PER, or their own name
 * @param scoreThreshold lowest score of an entity of the model, the mean probability of its words; an entity below it
 *     stays in the text
 */
public record RedactConfig(
        List<String> entities,
        Operator operator,
        Map<String, Object> operators,
        List<String> keep,
        List<String> phoneRegions,
        @Key(optional = true, path = true, mayChange = true) String keyFile,
        @Key(optional = true) String person,
        @Key(optional = true, path = true) String model,
        Map<String, Object> labels,
        double scoreThreshold)
        implements Serializable {
    private static final String KEY = "data.redact.";

    /** Change to a found entity. */
    public enum Operator {
        /** The entity's name: {@code <EMAIL_ADDRESS>}. */
        @JsonProperty("replace")
        REPLACE,
        /** An asterisk for each character. */
        @JsonProperty("mask")
        MASK,
        /** 32 hexadecimal digits of the value's HMAC-SHA256. */
        @JsonProperty("hash")
        HASH,
        /** Letters and digits derived from the key and the value; everything between them stays. */
        @JsonProperty("pseudonym")
        PSEUDONYM,
        /** The date moved by whole days, as many for all dates of a person or a row. */
        @JsonProperty("date_shift")
        DATE_SHIFT;

        private boolean isKeyed() {
            return this != REPLACE && this != MASK;
        }

        private String keyValue() {
            return name().toLowerCase(Locale.ROOT);
        }

        private static Optional<Operator> named(Object value) {
            return Arrays.stream(values())
                    .filter(operator -> operator.keyValue().equals(value))
                    .findFirst();
        }
    }

    public RedactConfig {
        Check.present(KEY + "labels", labels);
        labels = Collections.unmodifiableMap(new TreeMap<>(labels));
        Check.that(
                model == null || !model.isBlank(), KEY + "model", model, "the folder of a token classifier, or null");
        Check.fraction(KEY + "score_threshold", scoreThreshold);
        Check.that(
                model != null || labels.isEmpty(),
                KEY + "labels",
                labels,
                "{} without data.redact.model, whose labels they are");
        Check.that(
                model != null || scoreThreshold == 0,
                KEY + "score_threshold",
                scoreThreshold,
                "0 without data.redact.model, whose scores it is for");
        labels.forEach((label, entity) -> Check.that(
                entity instanceof String name && !name.isBlank(),
                KEY + "labels." + label,
                entity,
                "the name of an entity, such as PERSON"));
        Check.distinct(KEY + "entities", entities);
        Check.present(KEY + "operator", operator);
        Check.present(KEY + "operators", operators);
        Check.distinct(KEY + "keep", keep);
        Check.distinct(KEY + "phone_regions", phoneRegions);
        entities = List.copyOf(entities);
        operators = Collections.unmodifiableMap(new TreeMap<>(operators));
        keep = List.copyOf(keep);
        phoneRegions = List.copyOf(phoneRegions);
        for (String entity : entities) {
            Check.that(
                    model != null || Entity.named(entity).isPresent(),
                    KEY + "entities",
                    entity,
                    "one of " + Arrays.stream(Entity.values()).map(Entity::name).collect(Collectors.joining(", "))
                            + "; any other entity needs data.redact.model, which finds it");
        }
        Check.that(
                model == null || !entities.isEmpty(),
                KEY + "model",
                model,
                "null without data.redact.entities, which name what is replaced");
        Check.that(
                operator != Operator.DATE_SHIFT,
                KEY + "operator",
                Operator.DATE_SHIFT.keyValue(),
                "an operator for all entities: set data.redact.operators to {DATE_TIME: date_shift}");
        for (Map.Entry<String, Object> entry : operators.entrySet()) {
            requireOperator(entry.getKey(), entry.getValue(), entities);
        }
        for (String region : phoneRegions) {
            Check.that(
                    region.matches("[A-Z]{2}"),
                    KEY + "phone_regions",
                    region,
                    "a list of countries' two letters (ISO 3166), such as [US, DE]");
        }
        Check.that(
                keyFile != null || !needsKey(entities, operators, operator),
                KEY + "key_file",
                null,
                "a file with a key for the operators hash, pseudonym and date_shift");
        Check.that(
                person == null || (!person.isBlank() && isPerPerson(entities, operators, operator)),
                KEY + "person",
                person,
                "the name of a column, for the operators pseudonym and date_shift");
    }

    private static void requireOperator(String entity, Object operator, List<String> entities) {
        Check.that(entities.contains(entity), KEY + "operators." + entity, entity, "an entity of data.redact.entities");
        Optional<Operator> named = Operator.named(operator);
        boolean shifted = named.filter(Operator.DATE_SHIFT::equals).isPresent();
        Check.that(
                named.isPresent() && (!shifted || entity.equals(Entity.DATE_TIME.name())),
                KEY + "operators." + entity,
                operator,
                "one of replace, mask, hash, pseudonym, and for DATE_TIME date_shift");
    }

    private static Operator operator(Map<String, Object> operators, Operator otherwise, String entity) {
        return Operator.named(operators.get(entity)).orElse(otherwise);
    }

    private static boolean needsKey(List<String> entities, Map<String, Object> operators, Operator otherwise) {
        return entities.stream()
                .anyMatch(entity -> operator(operators, otherwise, entity).isKeyed());
    }

    private static boolean isPerPerson(List<String> entities, Map<String, Object> operators, Operator otherwise) {
        return entities.stream()
                .map(entity -> operator(operators, otherwise, entity))
                .anyMatch(operator -> operator == Operator.PSEUDONYM || operator == Operator.DATE_SHIFT);
    }

    /** Returns whether an operator of an entity needs the key. */
    public boolean needsKey() {
        return needsKey(entities, operators, operator);
    }

    /** Returns the operator of an entity. */
    public Operator operatorOf(String entity) {
        return operator(operators, operator, entity);
    }

    /** Returns a section that replaces nothing. */
    public RedactConfig none() {
        return new RedactConfig(List.of(), operator, Map.of(), List.of(), phoneRegions, null, null, null, Map.of(), 0);
    }

    /** Returns whether anything is replaced. */
    @JsonIgnore
    public boolean isUsed() {
        return !entities.isEmpty();
    }

    /** Returns whether a model finds entities besides the rules. */
    public boolean usesModel() {
        return model != null;
    }
}
