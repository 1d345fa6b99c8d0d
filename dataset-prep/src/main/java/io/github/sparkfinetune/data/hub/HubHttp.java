package io.github.sparkfinetune.data.hub;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.Http;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;
import java.util.Map;

/**
 * Requests to the Hub, for downloads and uploads. Regular answers include status 409 for something that exists already,
 * and 416 for a range past the end.
 */
public final class HubHttp extends Http {
    private static final int TRIES = 5;

    private final HubSettings settings;

    /** Creates a client; see {@link Http.Times} for the times. */
    public HubHttp(HubSettings settings, Duration patience, Duration pause) {
        super(
                settings.endpoint(),
                "spark-finetune; hf_hub",
                settings.token() == null ? null : "Bearer " + settings.token(),
                new Times(TRIES, patience, pause));
        this.settings = settings;
    }

    @Override
    protected boolean isAnswer(int code) {
        return code == 409 || code == 416;
    }

    @Override
    protected String remedy() {
        return "try again later, or set HF_ENDPOINT or https.proxyHost if it is reached in another way";
    }

    @Override
    protected RunException refused(String what, int code, HttpURLConnection answer) {
        String known = settings.token() == null ? "set HF_TOKEN" : "the token of HF_TOKEN was sent";
        String error = String.valueOf(answer.getHeaderField("X-Error-Code"));
        if (error.equals("GatedRepo")) {
            return RunException.config(what + ": its owner grants access one by one: ask for it on "
                    + settings.endpoint() + " (" + known + ")");
        }
        if (error.equals("RevisionNotFound")) {
            return RunException.config(what + ": there is no such revision on " + settings.endpoint());
        }
        if (error.equals("RepoNotFound") || code == 404 || code == 401 || code == 403) {
            return RunException.config(what + ": " + settings.endpoint() + " has no such model, or not for everybody ("
                    + code + "): check the name, and for a private one " + known);
        }
        return RunException.config(what + ": " + settings.endpoint() + " refuses (" + code + message(answer) + ")");
    }

    private static String message(HttpURLConnection answer) {
        String message = answer.getHeaderField("X-Error-Message");
        return message == null ? "" : ": " + message.replaceAll("\\p{Cntrl}", " ");
    }

    /**
     * Sends a POST; returns the JSON answer.
     *
     * @param type content type of the body
     */
    public JsonNode post(String what, URI address, String type, Body body) throws IOException {
        Map<String, String> headers = Map.of("Content-Type", type, "Accept", type.contains("lfs") ? type : "*/*");
        return send(what, "POST", address, () -> headers, body, true, Http::json);
    }
}
