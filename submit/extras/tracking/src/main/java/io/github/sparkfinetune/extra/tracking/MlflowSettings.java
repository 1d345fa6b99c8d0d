package io.github.sparkfinetune.extra.tracking;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Address and credentials of MLflow's tracking server, from the environment variables of MLflow and of Hugging Face's
 * {@code MLflowCallback}.
 *
 * @param endpoint {@code MLFLOW_TRACKING_URI}, without user and password
 * @param experiment {@code MLFLOW_EXPERIMENT_NAME}, by default {@code Default}
 * @param run {@code MLFLOW_RUN_ID}: run to continue if the output folder names none; or null
 * @param authorization {@code Authorization} header from {@code MLFLOW_TRACKING_TOKEN}, from
 *     {@code MLFLOW_TRACKING_USERNAME} and {@code MLFLOW_TRACKING_PASSWORD}, or from the user and password in the
 *     address; or null
 * @param tags {@code MLFLOW_TAGS}, a JSON object
 * @param sendsModel {@code HF_MLFLOW_LOG_ARTIFACTS}: whether the model is also an artifact
 */
record MlflowSettings(
        URI endpoint,
        String experiment,
        String run,
        String authorization,
        Map<String, String> tags,
        boolean sendsModel) {
    static final String ADDRESS = "MLFLOW_TRACKING_URI";
    private static final Set<String> TRUE = Set.of("1", "on", "yes", "true", "y", "t");

    /**
     * Returns the settings of a process.
     *
     * @throws RunException if there is no address of a server, or a variable is invalid
     */
    static MlflowSettings of(Map<String, String> environment) {
        URI address = address(environment.get(ADDRESS));
        return new MlflowSettings(
                withoutUser(address),
                environment.getOrDefault("MLFLOW_EXPERIMENT_NAME", "Default"),
                environment.get("MLFLOW_RUN_ID"),
                authorization(environment, address.getUserInfo()),
                tags(environment.get("MLFLOW_TAGS")),
                TRUE.contains(
                        environment.getOrDefault("HF_MLFLOW_LOG_ARTIFACTS", "").toLowerCase(Locale.ROOT)));
    }

    private static URI address(String text) {
        if (text == null || text.isBlank()) {
            throw RunException.config("training.report_to has mlflow, but the environment has no " + ADDRESS
                    + ": set it to a tracking server, such as http://host:5000");
        }
        try {
            URI address = URI.create(text.strip().replaceFirst("/+$", ""));
            if (Set.of("http", "https").contains(String.valueOf(address.getScheme())) && address.getHost() != null) {
                return address;
            }
        } catch (IllegalArgumentException e) {
            // The message leaves out the text, which may hold a password.
            throw RunException.config(ADDRESS + " is not a URL: set it to a tracking server, such as http://host:5000");
        }
        throw RunException.config(
                ADDRESS + " is not the address of a server: it must begin with https:// or http:// and name a host");
    }

    private static URI withoutUser(URI address) {
        return URI.create(
                address.getScheme() + "://" + address.getRawAuthority().replaceFirst(".*@", "") + address.getRawPath());
    }

    private static String authorization(Map<String, String> environment, String user) {
        String name = environment.get("MLFLOW_TRACKING_USERNAME");
        String password = environment.get("MLFLOW_TRACKING_PASSWORD");
        String token = environment.get("MLFLOW_TRACKING_TOKEN");
        String both = name != null && password != null ? name + ":" + password : user;
        if (both == null && token != null && !token.strip().matches("[\\x21-\\x7e]+")) {
            throw RunException.config(
                    "MLFLOW_TRACKING_TOKEN holds white space or characters that are not allowed in a token");
        }
        if (both != null) {
            return "Basic " + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8));
        }
        return token == null ? null : "Bearer " + token.strip();
    }

    private static Map<String, String> tags(String json) {
        Map<String, String> tags = new LinkedHashMap<>();
        if (json != null) {
            try {
                JsonFiles.MAPPER
                        .readTree(json)
                        .fields()
                        .forEachRemaining(
                                tag -> tags.put(tag.getKey(), tag.getValue().asText()));
            } catch (JsonProcessingException e) {
                throw RunException.config("MLFLOW_TAGS is not a JSON object such as {\"team\": \"search\"}");
            }
        }
        return tags;
    }

    /** Returns the settings without credentials. */
    @Override
    public String toString() {
        return endpoint + ", experiment " + experiment;
    }
}
