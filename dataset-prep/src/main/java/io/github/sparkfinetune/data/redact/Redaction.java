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

/**
 * What {@code data.redact} asks for, with its key.
 *
 * @param config the section, which has entities
 * @param key the key, or null if no operator needs one
 */
public record Redaction(RedactConfig config, RedactionKey key) implements Serializable {

    /**
     * Options that decide the content of a dataset, as its manifest has them. They have no value of a text and no key.
     *
     * @param entities operator by entity, in lower case
     * @param keepSha256 hash of the values that stay; absent (null) if there are none
     * @param phoneRegions countries of telephone numbers; absent (null) if none are found
     * @param keyFingerprint equal for equal keys; absent (null) if no operator needs a key
     * @param person column of the person; absent (null) if there is none
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Options(
            Map<String, String> entities,
            String keepSha256,
            List<String> phoneRegions,
            String keyFingerprint,
            String person)
            implements Serializable {}

    /**
     * Returns the redaction of a run, or null if nothing is redacted.
     *
     * @throws RunException if the key cannot be read
     */
    public static Redaction of(RedactConfig config) {
        if (!config.isUsed()) {
            return null;
        }
        return new Redaction(config, config.needsKey() ? RedactionKey.read(config.keyFile()) : null);
    }

    /** Returns a redactor for one thread. */
    public Redactor open() {
        return new Redactor(config, key);
    }

    /** Returns the options for a manifest. */
    public Options options() {
        Map<String, String> entities = new LinkedHashMap<>();
        config.entities().stream()
                .sorted()
                .forEach(entity -> entities.put(
                        entity.name(), config.operatorOf(entity).name().toLowerCase(Locale.ROOT)));
        List<String> keep = config.keep().stream().sorted().toList();
        return new Options(
                entities,
                keep.isEmpty() ? null : Sha256.of(String.join("\0", keep).getBytes(StandardCharsets.UTF_8)),
                config.entities().contains(Entity.PHONE_NUMBER) ? config.phoneRegions() : null,
                key == null ? null : key.fingerprint(),
                config.person());
    }
}
