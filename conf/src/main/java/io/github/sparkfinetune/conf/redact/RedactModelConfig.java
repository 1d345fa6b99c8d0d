package io.github.sparkfinetune.conf.redact;

import com.fasterxml.jackson.annotation.JsonIgnore;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Token classifier that finds entities besides the rules.
 *
 * @param model folder of a token classifier in Hugging Face layout, which finds names, addresses and other entities
 *     without a form; null: rules only
 * @param labels entity by label of the model without B- and I-, such as {@code {PROVIDER: ORGANIZATION}}; other labels
 *     have the entities of Presidio, such as PERSON for PER, or their own name
 * @param scoreThreshold lowest score of an entity of the model, the mean probability of its words; an entity below it
 *     stays in the text
 */
public record RedactModelConfig(
        @Key(optional = true, path = true) String model, Map<String, Object> labels, double scoreThreshold)
        implements Serializable {
    private static final String KEY = "data.redact.";

    static final RedactModelConfig NONE = new RedactModelConfig(null, Map.of(), 0);

    public RedactModelConfig {
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
    }

    /** Returns whether a model finds entities. */
    @JsonIgnore
    public boolean isUsed() {
        return model != null;
    }
}
