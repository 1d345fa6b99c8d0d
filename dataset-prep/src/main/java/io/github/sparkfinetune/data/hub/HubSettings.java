package io.github.sparkfinetune.data.hub;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Address, cache and access token of the Hub, from the environment variables of {@code huggingface_hub}.
 *
 * @param endpoint {@code HF_ENDPOINT}, by default {@code https://huggingface.co}
 * @param cache {@code HF_HUB_CACHE}, or {@code hub} in {@code HF_HOME}, or in {@code ~/.cache/huggingface}
 * @param token {@code HF_TOKEN}, or the content of {@code HF_TOKEN_PATH}, or of {@code token} in {@code HF_HOME}; null
 *     without one
 * @param offline {@code HF_HUB_OFFLINE}: only the cache is used
 */
public record HubSettings(URI endpoint, Path cache, String token, boolean offline) {
    private static final Set<String> TRUE = Set.of("1", "on", "yes", "true");

    /** Reads the settings from a process's environment. */
    public static HubSettings of(Map<String, String> environment) {
        Path home = home(environment);
        String cache = environment.getOrDefault("HF_HUB_CACHE", environment.get("HUGGINGFACE_HUB_CACHE"));
        return new HubSettings(
                endpoint(environment.getOrDefault("HF_ENDPOINT", "https://huggingface.co")),
                cache == null ? home.resolve("hub") : Path.of(cache).toAbsolutePath(),
                token(environment, home),
                TRUE.contains(environment.getOrDefault("HF_HUB_OFFLINE", "").toLowerCase(Locale.ROOT)));
    }

    private static Path home(Map<String, String> environment) {
        if (environment.containsKey("HF_HOME")) {
            return Path.of(environment.get("HF_HOME")).toAbsolutePath();
        }
        String caches = environment.get("XDG_CACHE_HOME");
        Path all = caches == null ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(caches);
        return all.toAbsolutePath().resolve("huggingface");
    }

    private static URI endpoint(String text) {
        try {
            URI endpoint = URI.create(text.replaceFirst("/+$", ""));
            if (Set.of("http", "https").contains(String.valueOf(endpoint.getScheme())) && endpoint.getHost() != null) {
                return endpoint;
            }
        } catch (IllegalArgumentException e) {
            throw RunException.config("HF_ENDPOINT is '" + text + "', which is no URL: " + e.getMessage());
        }
        throw RunException.config(
                "HF_ENDPOINT is '" + text + "': it must begin with https:// or http:// and name a host");
    }

    private static String token(Map<String, String> environment, Path home) {
        String token = environment.getOrDefault("HF_TOKEN", environment.get("HUGGING_FACE_HUB_TOKEN"));
        if (token == null) {
            Path file = environment.containsKey("HF_TOKEN_PATH")
                    ? Path.of(environment.get("HF_TOKEN_PATH"))
                    : home.resolve("token");
            try {
                token = Files.exists(file) ? Files.readString(file) : "";
            } catch (IOException e) {
                throw RunException.config(file + " cannot be read (" + e.getMessage() + "): set HF_TOKEN instead");
            }
        }
        token = token.strip();
        if (!token.matches("[\\x21-\\x7e]*")) {
            throw RunException.config("HF_TOKEN holds white space or characters that no token has: set it again");
        }
        return token.isEmpty() ? null : token;
    }

    /** Leaves the token out. */
    @Override
    public String toString() {
        return endpoint + ", cache " + cache + (offline ? ", offline" : "");
    }
}
