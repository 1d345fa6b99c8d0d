package io.github.sparkfinetune.extra.evidence;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A person's answers about the provider and the data, which a run cannot know: a YAML or JSON file with an answer by
 * key, the name of a {@link Field} in lower case.
 *
 * @param given answers by field
 */
record Answers(Map<Field, String> given) {
    private static final YAMLMapper YAML = new YAMLMapper();

    /** A question; its text is that of the European Commission's template where the template asks it. */
    enum Field {
        PROVIDER("Provider name and contact details"),
        REPRESENTATIVE("Authorised representative name and contact details"),
        PLACED_ON_MARKET("Date of placement of the model on the Union market"),
        TYPES_OF_CONTENT("Types of content"),
        LATEST_DATE("Latest date of data acquisition/collection for model training"),
        LANGUAGES("Description of the linguistic characteristics of the overall training data"),
        PUBLIC_DATASETS("Have you used publicly available datasets to train the model?"),
        LICENSED_DATASETS("Have you concluded transactional commercial licensing agreements with rightsholders or their"
                + " representatives?"),
        PRIVATE_DATASETS("Have you obtained private datasets from other third parties?"),
        CRAWLED("Were crawlers used by the provider or on its behalf?"),
        USER_INTERACTIONS("Was data from user interactions with the AI model used to train the model?"),
        USER_SERVICES("Was data from user interactions with the provider's other services or products used to train the"
                + " model?"),
        SYNTHETIC("Was synthetic AI-generated data created by the provider or on its behalf to train the model?"),
        OTHER_SOURCES("Have data sources other than those described in Sections 2.1 to 2.5 been used?"),
        CODE_OF_PRACTICE("Are you a signatory to the Code of Practice for general-purpose AI models?"),
        RESERVED_RIGHTS("Measures implemented to respect reservations of rights from the text and data mining exception"
                + " or limitation"),
        ILLEGAL_CONTENT("General description of measures taken"),
        LICENSE("License of the dataset");

        private final String question;

        Field(String question) {
            this.question = question;
        }

        String question() {
            return question;
        }

        String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    Answers {
        given = Map.copyOf(given);
    }

    /**
     * Reads a file of answers.
     *
     * @param file path or URI; null for no answers
     * @throws RunException if the file cannot be read, or has another key
     */
    static Answers read(String file, Configuration hadoop) {
        if (file == null) {
            return new Answers(Map.of());
        }
        Map<String, String> texts;
        try {
            Path path = new Path(AbsolutePaths.of("--answers", file, hadoop));
            texts = YAML.readValue(
                    HadoopFiles.readText(HadoopFiles.open(path, hadoop), path),
                    new TypeReference<Map<String, String>>() {});
        } catch (JsonProcessingException e) {
            throw RunException.config("--answers: " + file + " is not a YAML file with a text by key");
        } catch (IOException e) {
            throw RunException.config("--answers: " + file + " cannot be read (" + e.getMessage() + ")");
        }
        Map<Field, String> given = new EnumMap<>(Field.class);
        texts.forEach((key, text) -> given.put(field(file, key), String.valueOf(text)));
        return new Answers(given);
    }

    private static Field field(String file, String key) {
        return Arrays.stream(Field.values())
                .filter(field -> field.key().equals(key))
                .findFirst()
                .orElseThrow(() -> RunException.config("--answers: " + file + " has the unknown key " + key
                        + ": the keys are "
                        + Arrays.stream(Field.values()).map(Field::key).collect(Collectors.joining(", "))));
    }

    Optional<String> of(Field field) {
        return Optional.ofNullable(given.get(field));
    }

    /** Returns the answer, or a mark that a person replaces. */
    String orMark(Field field) {
        return of(field).orElse("**[to be filled in: " + field.key() + "]**");
    }

    /** Returns the number of fields that a person has to fill in. */
    int missing() {
        return Field.values().length - given.size();
    }
}
