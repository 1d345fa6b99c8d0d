package io.github.sparkfinetune.job.connect;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.job.Failure;

/**
 * Answer to a call.
 *
 * @param value result of the call, or null
 * @param error why the call failed, or null
 */
record Answer(JsonNode value, Fault error) {

    /**
     * Failure as the client raises it.
     *
     * @param exitCode exit code of the command
     * @param message one line
     */
    record Fault(@JsonProperty("exit_code") int exitCode, String message) {}

    static Answer of(JsonNode value) {
        return new Answer(value, null);
    }

    /** Returns the answer of a call that failed, with what it has shown until then, or null. */
    static Answer of(Failure failure, JsonNode shown) {
        return new Answer(shown, new Fault(failure.exitCode().code(), failure.message()));
    }
}
