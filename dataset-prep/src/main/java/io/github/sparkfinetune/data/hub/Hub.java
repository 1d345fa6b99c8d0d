package io.github.sparkfinetune.data.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Models of the Hugging Face Hub, in the cache of {@code huggingface_hub} (its layout: <a
 * href="https://huggingface.co/docs/huggingface_hub/guides/manage-cache">Manage the cache</a>). Python and this class
 * use each other's downloads.
 *
 * <p>Only the configuration, the tokenizer and the safetensors of a model are fetched, no code and no pickles.
 */
public final class Hub {
    /** Endings of the small files that are fetched. */
    private static final List<String> SMALL = List.of(".json", ".txt", ".model", ".jinja");

    private static final String INDEX = "model.safetensors.index.json";
    private static final String WEIGHTS = "model.safetensors";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HubSettings settings;
    private final HubHttp http;
    private final Consumer<String> progress;

    /** Creates a client; {@code progress} gets a line for each fetched file. */
    public Hub(HubSettings settings, Consumer<String> progress) {
        this(settings, progress, Duration.ofSeconds(60), Duration.ofSeconds(1));
    }

    /** Creates a client with other waiting times, see {@link HubHttp}. */
    Hub(HubSettings settings, Consumer<String> progress, Duration patience, Duration pause) {
        this.settings = settings;
        this.http = new HubHttp(settings, patience, pause);
        this.progress = progress;
    }

    /**
     * Returns the folder of a model in the cache, after fetching the missing files.
     *
     * @throws RunException if the Hub has no such model, refuses this token, sends content that does not match its
     *     hash, or does not answer; offline, if the cache has no such model
     */
    public Path fetch(HubName name) {
        HubCache cache = new HubCache(settings.cache(), name);
        if (settings.offline()) {
            return cached(name, cache)
                    .orElseThrow(() -> RunException.config("model: HF_HUB_OFFLINE is set, and " + settings.cache()
                            + " has no " + name + ": unset it, or fetch the model there first"));
        }
        Optional<Path> whole = name.isCommit() ? cached(name, cache) : Optional.empty();
        if (whole.isPresent()) {
            return whole.get();
        }
        http.warning().ifPresent(progress);
        try {
            return download(name, cache);
        } catch (IOException e) {
            throw RunException.failed(
                    "model: " + name + " cannot be kept in " + settings.cache() + " (" + e
                            + "): set HF_HUB_CACHE to a folder with room that this user may write to",
                    e);
        }
    }

    private static Optional<Path> cached(HubName name, HubCache cache) {
        return cache.commit(name.revision())
                .map(cache::snapshot)
                .filter(folder -> Files.isRegularFile(folder.resolve("config.json")))
                .filter(folder -> weights(folder).stream().allMatch(file -> Files.isRegularFile(folder.resolve(file))));
    }

    private Path download(HubName name, HubCache cache) throws IOException {
        String what = "model: " + name;
        String path = "/api/models/" + name.repository() + "/revision/"
                + URLEncoder.encode(name.revision(), StandardCharsets.UTF_8);
        JsonNode model = http.get(what, http.at(path));
        String commit = model.path("sha").asText();
        if (!commit.matches("[0-9a-f]{40}")) {
            throw RunException.data(what + ": " + settings.endpoint() + " names no commit, so it is no Hub of models");
        }
        Set<String> there = new LinkedHashSet<>();
        model.path("siblings").forEach(file -> there.add(file.path("rfilename").asText()));
        if (!there.contains("config.json")) {
            throw RunException.data(what + " has no config.json: it is no model in the layout of transformers");
        }
        if (!there.contains(INDEX) && !there.contains(WEIGHTS)) {
            throw RunException.data(what + " has no " + WEIGHTS
                    + ": only safetensors are read; convert its weights with transformers' save_pretrained");
        }
        for (String file : there) {
            if (!file.contains("/") && SMALL.stream().anyMatch(file::endsWith)) {
                fetch(name, commit, file, cache);
            }
        }
        Path snapshot = cache.snapshot(commit);
        List<String> weights = weights(snapshot);
        for (String file : weights) {
            if (!there.contains(file)) {
                throw RunException.data(what + " has no " + file + ", which its " + INDEX + " names");
            }
            fetch(name, commit, file, cache);
        }
        cache.remember(name.revision(), commit);
        return snapshot;
    }

    /** Returns the names of the snapshot's weight files. */
    private static List<String> weights(Path snapshot) {
        Path index = snapshot.resolve(INDEX);
        if (!Files.exists(index)) {
            return List.of(WEIGHTS);
        }
        try (InputStream in = Files.newInputStream(index)) {
            Set<String> files = new LinkedHashSet<>();
            JSON.readTree(HadoopFiles.readAll(in, index.toString()))
                    .path("weight_map")
                    .forEach(file -> files.add(file.asText()));
            for (String file : files) {
                if (!file.matches("[A-Za-z0-9._-]+\\.safetensors")) {
                    throw RunException.data(index + " names '" + file.replaceAll("\\p{Cntrl}", "?")
                            + "', which is no file of safetensors beside it");
                }
            }
            return new ArrayList<>(files);
        } catch (IOException e) {
            throw RunException.data(index + " cannot be read as JSON (" + e.getMessage() + ")", e);
        }
    }

    private void fetch(HubName name, String commit, String file, HubCache cache) throws IOException {
        if (Files.isRegularFile(cache.snapshot(commit).resolve(file))) {
            return;
        }
        String what = "model: " + file + " of " + name;
        URI address = http.at("/" + name.repository() + "/resolve/" + commit + "/"
                + URLEncoder.encode(file, StandardCharsets.UTF_8).replace("+", "%20"));
        HubFile described = http.send(what, "HEAD", address, Map::of, null, false, answer -> described(file, answer));
        if (SMALL.stream().anyMatch(file::endsWith) && described.size() > HadoopFiles.LARGEST_TEXT) {
            throw RunException.data(String.format(
                    Locale.ROOT,
                    "%s has %,d bytes, more than the %,d of any such file: it is not fetched",
                    what,
                    described.size(),
                    (long) HadoopFiles.LARGEST_TEXT));
        }
        cache.keep(described, commit, partial -> new HubDownload(http, what, address, described, progress).to(partial));
    }

    /**
     * Returns name, hash and size of a file. A large file lies on another host; the Hub's own headers then describe it.
     */
    private static HubFile described(String file, HttpURLConnection answer) {
        String linked = answer.getHeaderField("X-Linked-Etag");
        String etag = linked != null ? linked : String.valueOf(answer.getHeaderField("ETag"));
        String size = answer.getHeaderField("X-Linked-Size");
        return new HubFile(
                file,
                etag.replaceFirst("^W/", "").replace("\"", ""),
                size != null && size.matches("\\d{1,18}") ? Long.parseLong(size) : answer.getContentLengthLong());
    }
}
