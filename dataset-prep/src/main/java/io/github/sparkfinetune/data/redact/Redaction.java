package io.github.sparkfinetune.data.redact;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.redact.Entity;
import io.github.sparkfinetune.conf.redact.RedactConfig;
import io.github.sparkfinetune.data.hf.Sha256;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/**
 * Settings of {@code data.redact}, with the key and the model.
 *
 * @param config the section, which has entities
 * @param key the key, or null if no operator needs one
 * @param model the model, or null if rules alone find entities
 */
public record Redaction(RedactConfig config, RedactionKey key, RedactionModel model) implements Serializable {
    private static final String KEY_FILE = "data.redact.key_file";

    /**
     * Options that decide the content of a dataset, as its manifest has them. They have no value of a text and no key.
     *
     * @param entities operator by entity, in lower case
     * @param keepSha256 hash of the values that stay; absent (null) if there are none
     * @param phoneRegions countries of telephone numbers; absent (null) if none are found
     * @param keyFingerprint equal for equal keys; absent (null) if no operator needs a key
     * @param person column of the person; absent (null) if there is none
     * @param model model that also finds entities; absent (null) if there is none
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Options(
            Map<String, String> entities,
            String keepSha256,
            List<String> phoneRegions,
            String keyFingerprint,
            String person,
            Model model)
            implements Serializable {}

    /**
     * A model that finds entities, as a manifest has it.
     *
     * @param sha256 hash of its folder
     * @param labels entity by label, of the entities that are replaced
     * @param scoreThreshold as {@code data.redact.score_threshold}
     */
    public record Model(String sha256, Map<String, String> labels, double scoreThreshold) implements Serializable {}

    /**
     * Returns the redaction of a run, or null if nothing is redacted.
     *
     * @throws RunException if the key or the model cannot be used
     */
    public static Redaction of(RedactConfig config) {
        if (!config.isUsed()) {
            return null;
        }
        return new Redaction(
                config,
                config.needsKey() ? RedactionKey.read(KEY_FILE, config.keyFile()) : null,
                config.usesModel() ? RedactionModel.of(config, new Configuration()) : null);
    }

    /**
     * Returns a redactor for one thread.
     *
     * @param byModel spans of {@link #model}; of no model if it is null
     */
    public Redactor open(ModelSpans byModel) {
        if (byModel.hasModel() != (model != null)) {
            throw new IllegalStateException("data.redact.model is " + config.model());
        }
        return new Redactor(config, key, byModel);
    }

    /** Returns the options for a manifest. */
    public Options options() {
        Map<String, String> entities = new LinkedHashMap<>();
        config.entities().stream()
                .sorted(Entity.ORDER)
                .forEach(entity ->
                        entities.put(entity, config.operatorOf(entity).name().toLowerCase(Locale.ROOT)));
        List<String> keep = config.keep().stream().sorted().toList();
        return new Options(
                entities,
                keep.isEmpty() ? null : Sha256.of(String.join("\0", keep).getBytes(StandardCharsets.UTF_8)),
                config.entities().contains(Entity.PHONE_NUMBER.name()) ? config.phoneRegions() : null,
                key == null ? null : key.fingerprint(KEY_FILE),
                config.person(),
                model == null ? null : new Model(model.sha256(), model.entities(), model.scoreThreshold()));
    }
}
