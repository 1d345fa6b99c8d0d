package io.github.sparkfinetune.report.search;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A training of a search.
 *
 * @param name name of the trial's folder
 * @param settings values of the searched keys, in YAML
 * @param steps optimizer steps done
 * @param totalSteps optimizer steps of the whole training; 0 if unknown
 * @param eval metrics of the best evaluation so far; empty before the first one
 * @param message why the trial failed; absent (null) if it did not
 */
public record Trial(
        String name,
        Map<String, String> settings,
        State state,
        long steps,
        long totalSteps,
        Map<String, Double> eval,
        @JsonInclude(JsonInclude.Include.NON_NULL) String message) {

    /** Progress of a trial. */
    public enum State {
        /** Waits, or trains. */
        @JsonProperty("open")
        OPEN,
        /** Was stopped before its last step, because others were better. */
        @JsonProperty("stopped")
        STOPPED,
        /** Was trained to the end. */
        @JsonProperty("done")
        DONE,
        /** Ended with an error. */
        @JsonProperty("failed")
        FAILED
    }

    public Trial {
        settings = new LinkedHashMap<>(settings);
        eval = new LinkedHashMap<>(eval);
    }

    /** Makes a trial that has not begun. */
    public Trial(String name, Map<String, String> settings) {
        this(name, settings, State.OPEN, 0, 0, Map.of(), null);
    }

    /** Returns this trial after more steps. */
    public Trial after(State now, long stepsDone, long allSteps, Map<String, Double> best) {
        return new Trial(name, settings, now, stepsDone, allSteps, best, null);
    }

    /** Returns this trial stopped where it is. */
    public Trial stopped() {
        return new Trial(name, settings, State.STOPPED, steps, totalSteps, eval, null);
    }

    /** Returns this trial ended by an error. */
    public Trial failed(String why) {
        return new Trial(name, settings, State.FAILED, steps, totalSteps, eval, why);
    }

    /** Returns a metric of the best evaluation, or NaN. */
    public double metric(String metric) {
        Double value = eval.get(metric);
        return value == null ? Double.NaN : value;
    }
}
