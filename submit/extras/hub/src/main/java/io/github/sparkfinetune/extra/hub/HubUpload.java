package io.github.sparkfinetune.extra.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.Http;
import io.github.sparkfinetune.data.hf.Sha256;
import io.github.sparkfinetune.data.hub.HubHttp;
import io.github.sparkfinetune.data.hub.HubName;
import io.github.sparkfinetune.data.hub.HubSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Uploads a model folder to the Hub in one commit, as {@code huggingface_hub.create_commit} does. Large files go to the
 * store that the Hub names (Git LFS's batch API), small files into the commit itself.
 */
final class HubUpload {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String LFS = "application/vnd.git-lfs+json";

    /** Number of leading bytes by which the Hub decides where a file belongs. */
    private static final int SAMPLE = 512;

    private final HubSettings settings;
    private final HubHttp http;
    private final Consumer<String> progress;

    /** Creates a client; {@code progress} gets a line for each sent file. */
    HubUpload(HubSettings settings, Consumer<String> progress) {
        this(settings, progress, Duration.ofSeconds(120), Duration.ofSeconds(1));
    }

    /** Creates a client with other waiting times, see {@link HubHttp}. */
    HubUpload(HubSettings settings, Consumer<String> progress, Duration patience, Duration pause) {
        this.settings = settings;
        this.http = new HubHttp(settings, patience, pause);
        this.progress = progress;
    }

    /** A file to upload. */
    interface Source {
        /** Returns the name of the file in the repository. */
        String name();

        /** Returns the number of bytes. */
        long size();

        /** Opens the content from a place on; may be called several times. */
        InputStream open(long from) throws IOException;
    }

    /**
     * Uploads files to a branch, after creating a missing repository.
     *
     * @param isPrivate true to create a private repository
     * @param message message of the commit
     * @return the commit
     * @throws RunException if there is no token, or the Hub refuses or does not answer
     */
    String push(HubName name, boolean isPrivate, String message, List<Source> files) {
        if (settings.offline()) {
            throw RunException.config("push: HF_HUB_OFFLINE is set: unset it to upload");
        }
        if (settings.token() == null) {
            throw RunException.config(
                    "push: there is no token: set HF_TOKEN to one of yours that may write to " + name.repository());
        }
        http.warning().ifPresent(progress);
        try {
            create(name, isPrivate);
            Map<String, String> stored = new HashMap<>();
            List<Source> large = large(name, files);
            for (Source file : large) {
                stored.put(file.name(), store(name, file));
            }
            return commit(name, message, files, stored);
        } catch (IOException e) {
            throw RunException.failed("push: " + name + ": " + e, e);
        }
    }

    private void create(HubName name, boolean isPrivate) throws IOException {
        String[] parts = name.repository().split("/", -1);
        ObjectNode body = JSON.createObjectNode()
                .put("organization", parts[0])
                .put("name", parts[1])
                .put("private", isPrivate);
        http.post(what(name), http.at("/api/repos/create"), "application/json", Http.Body.of(text(body)));
    }

    private List<Source> large(HubName name, List<Source> files) throws IOException {
        ObjectNode body = JSON.createObjectNode();
        ArrayNode described = body.putArray("files");
        for (Source file : files) {
            try (InputStream in = file.open(0)) {
                described
                        .addObject()
                        .put("path", file.name())
                        .put("size", file.size())
                        .put("sample", Base64.getEncoder().encodeToString(in.readNBytes(SAMPLE)));
            }
        }
        JsonNode answer = http.post(what(name), api(name, "preupload"), "application/json", Http.Body.of(text(body)));
        List<String> names = new ArrayList<>();
        answer.path("files").forEach(file -> {
            if (file.path("uploadMode").asText().equals("lfs")) {
                names.add(file.path("path").asText());
            }
        });
        return files.stream().filter(file -> names.contains(file.name())).toList();
    }

    /** Stores a large file; returns its SHA-256. */
    private String store(HubName name, Source file) throws IOException {
        MessageDigest digest = Sha256.digest();
        try (InputStream in = new DigestInputStream(file.open(0), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        String hash = HexFormat.of().formatHex(digest.digest());
        ObjectNode body = JSON.createObjectNode().put("operation", "upload").put("hash_algo", "sha256");
        body.putArray("transfers").add("basic").add("multipart");
        body.putObject("ref").put("name", name.revision());
        body.putArray("objects").addObject().put("oid", hash).put("size", file.size());
        URI batch = http.at("/" + name.repository() + ".git/info/lfs/objects/batch");
        JsonNode object = http.post(what(name), batch, LFS, Http.Body.of(text(body)))
                .path("objects")
                .path(0);
        if (object.has("error")) {
            throw RunException.config(what(name) + ": " + file.name() + " is refused: "
                    + object.path("error").path("message").asText());
        }
        JsonNode upload = object.path("actions").path("upload");
        if (upload.isMissingNode()) {
            progress.accept(file.name() + ": the Hub has it already");
            return hash;
        }
        send(name, file, hash, upload);
        JsonNode verify = object.path("actions").path("verify");
        if (!verify.isMissingNode()) {
            ObjectNode done = JSON.createObjectNode().put("oid", hash).put("size", file.size());
            http.post(what(name), URI.create(verify.path("href").asText()), LFS, Http.Body.of(text(done)));
        }
        progress.accept(String.format(Locale.ROOT, "%s: %,d bytes", file.name(), file.size()));
        return hash;
    }

    private void send(HubName name, Source file, String hash, JsonNode upload) throws IOException {
        JsonNode header = upload.path("header");
        URI href = URI.create(upload.path("href").asText());
        if (!header.has("chunk_size")) {
            put(name, href, new Part(file, 0, file.size()));
            return;
        }
        long chunk = header.path("chunk_size").asLong();
        ObjectNode done = JSON.createObjectNode().put("oid", hash);
        ArrayNode parts = done.putArray("parts");
        int number = 1;
        for (long from = 0; from < file.size(); from += chunk, number++) {
            URI part = URI.create(
                    header.path(String.format(Locale.ROOT, "%05d", number)).asText());
            String etag = put(name, part, new Part(file, from, Math.min(chunk, file.size() - from)));
            parts.addObject().put("partNumber", number).put("etag", etag);
        }
        http.post(what(name), href, LFS, Http.Body.of(text(done)));
    }

    private String put(HubName name, URI address, Http.Body body) throws IOException {
        return http.send(
                what(name),
                "PUT",
                address,
                Map::of,
                body,
                false,
                answer -> String.valueOf(answer.getHeaderField("ETag")));
    }

    /** A part of a file. */
    private record Part(Source file, long from, long length) implements Http.Body {
        @Override
        public void writeTo(OutputStream out) throws IOException {
            try (InputStream in = file.open(from)) {
                byte[] buffer = new byte[1 << 16];
                for (long left = length; left > 0; ) {
                    int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
                    if (read < 0) {
                        throw new IOException(file.name() + " has become shorter");
                    }
                    out.write(buffer, 0, read);
                    left -= read;
                }
            }
        }
    }

    private String commit(HubName name, String message, List<Source> files, Map<String, String> stored)
            throws IOException {
        StringBuilder lines = new StringBuilder();
        lines.append(
                line("header", JSON.createObjectNode().put("summary", message).put("description", "")));
        for (Source file : files) {
            ObjectNode value = JSON.createObjectNode().put("path", file.name());
            String hash = stored.get(file.name());
            if (hash == null) {
                try (InputStream in = file.open(0)) {
                    value.put("encoding", "base64")
                            .put("content", Base64.getEncoder().encodeToString(in.readAllBytes()));
                }
            } else {
                value.put("algo", "sha256").put("oid", hash).put("size", file.size());
            }
            lines.append(line(hash == null ? "file" : "lfsFile", value));
        }
        return http.post(what(name), api(name, "commit"), "application/x-ndjson", Http.Body.of(lines.toString()))
                .path("commitOid")
                .asText();
    }

    private static String line(String key, ObjectNode value) throws JsonProcessingException {
        return text(JSON.createObjectNode().put("key", key).set("value", value)) + "\n";
    }

    private URI api(HubName name, String call) {
        return http.at("/api/models/" + name.repository() + "/" + call + "/"
                + URLEncoder.encode(name.revision(), StandardCharsets.UTF_8));
    }

    private static String what(HubName name) {
        return "push: " + name;
    }

    private static String text(JsonNode node) throws JsonProcessingException {
        return JSON.writeValueAsString(node);
    }
}
