package io.github.sparkfinetune.data.redact;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.redact.Entity;
import io.github.sparkfinetune.conf.redact.RedactConfig;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.ModelFolder;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.io.IOException;
import java.io.Serializable;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Token classifier of {@code data.redact.model}.
 *
 * @param folder folder in Hugging Face layout
 * @param sha256 hash of the folder's weights, {@code config.json} and {@code tokenizer.json}
 * @param entities requested entity by label without a prefix; other labels find nothing
 * @param scoreThreshold as {@code data.redact.score_threshold}
 */
public record RedactionModel(String folder, String sha256, Map<String, String> entities, double scoreThreshold)
        implements Serializable {
    /** Use of the model, which its hash includes. */
    public static final String USE = "data.redact.model";

    private static final String KEY = USE + ": ";
    private static final String CLASS = "ForTokenClassification";
    /** Label of a word outside of any entity. */
    private static final String OUTSIDE = "O";

    /** Entities of usual labels, as Presidio's {@code NerModelConfiguration} maps them. */
    private static final Map<String, String> PRESIDIO = Map.ofEntries(
            Map.entry("PER", "PERSON"),
            Map.entry("LOC", "LOCATION"),
            Map.entry("GPE", "LOCATION"),
            Map.entry("ORG", "ORGANIZATION"),
            Map.entry("DATE", "DATE_TIME"),
            Map.entry("TIME", "DATE_TIME"),
            Map.entry("NORP", "NRP"),
            Map.entry("PATIENT", "PERSON"),
            Map.entry("STAFF", "PERSON"),
            Map.entry("HCW", "PERSON"),
            Map.entry("HOSP", "ORGANIZATION"),
            Map.entry("HOSPITAL", "ORGANIZATION"),
            Map.entry("PATORG", "ORGANIZATION"),
            Map.entry("PHONE", "PHONE_NUMBER"));

    public RedactionModel {
        entities = Collections.unmodifiableMap(new TreeMap<>(entities));
    }

    /**
     * Reads the labels of the configured model, and hashes its folder.
     *
     * @param config section with a model
     * @throws RunException if the folder holds no token classifier, or the labels and the requested entities do not fit
     */
    static RedactionModel of(RedactConfig config, Configuration hadoop) {
        String folder = config.model();
        try {
            Path path = new Path(folder);
            HfConfig model = HfConfig.find(path, hadoop)
                    .orElseThrow(() -> RunException.config(KEY + "there is no model in " + folder
                            + ": give the folder of a token classifier in Hugging Face layout"));
            if (model.architectures().stream().noneMatch(name -> name.endsWith(CLASS))) {
                throw RunException.config(
                        KEY + folder + " holds " + String.join(", ", model.architectures())
                                + ", which is no token classifier: give a model that was trained with task token-classification");
            }
            Map<String, String> entities = entities(config, model.labels());
            TokenizerFiles.read(path, hadoop);
            return new RedactionModel(
                    folder, ModelFolder.sha256(folder, USE, hadoop), entities, config.scoreThreshold());
        } catch (IOException e) {
            throw RunException.config(
                    KEY + folder + " cannot be read: " + e.getClass().getSimpleName() + ": " + e.getMessage());
        }
    }

    /** Returns the label without the prefix of a scheme, such as {@code PER} for {@code B-PER}. */
    private static String type(String label) {
        return label.replaceFirst("^[BILEUS]-(?=.)", "");
    }

    private static Map<String, String> entities(RedactConfig config, List<String> labels) {
        Map<String, String> all = new TreeMap<>();
        labels.stream()
                .map(RedactionModel::type)
                .filter(type -> !type.equals(OUTSIDE))
                .forEach(type -> {
                    Object given = config.labels().get(type);
                    all.put(type, given == null ? PRESIDIO.getOrDefault(type, type) : (String) given);
                });
        String model = config.model();
        for (String label : config.labels().keySet()) {
            if (!all.containsKey(label)) {
                throw RunException.config("data.redact.labels: " + label + " is no label of " + model
                        + ", whose labels are " + String.join(", ", all.keySet()));
            }
        }
        String shown = all.entrySet().stream()
                .map(label -> label.getKey() + " (" + label.getValue() + ")")
                .collect(Collectors.joining(", "));
        List<String> missing = config.entities().stream()
                .filter(entity -> Entity.named(entity).isEmpty() && !all.containsValue(entity))
                .toList();
        if (!missing.isEmpty()) {
            throw RunException.config("data.redact.entities: no rule and no label of " + model + " finds "
                    + String.join(", ", missing) + ": its labels are " + shown + "; map others by data.redact.labels");
        }
        Map<String, String> requested = new TreeMap<>(all);
        requested.values().retainAll(config.entities());
        if (requested.isEmpty()) {
            throw RunException.config(KEY + model + " finds " + shown
                    + ", of which data.redact.entities names none: add the entities to replace");
        }
        return requested;
    }
}
