package io.github.sparkfinetune.report.search;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.metric.Metric;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A search for the best settings of a run and its trials so far: the content of {@value #FILE}, a JSON object with the
 * fields of these records in snake case.
 *
 * @param best name of the best trial that was trained to the end; absent (null) until the search has ended
 */
public record Search(
        Definition definition,
        List<Trial> trials,
        @JsonInclude(JsonInclude.Include.NON_NULL) String best) {
    /** Name of the file in the output folder. */
    public static final String FILE = "tune.json";

    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    /**
     * Requested search.
     *
     * @param settings settings of the run that do not depend on the trial
     * @param tries values to try, each as {@code KEY=VALUES}
     * @param trials number of settings to draw; 0 for all combinations
     * @param halving of so many trials one is trained further at each stage; 0 to train all to the end
     * @param metric metric of the evaluation rows that compares trials
     * @param greaterIsBetter whether the greatest value of the metric is the best
     */
    public record Definition(
            Map<String, String> settings,
            List<String> tries,
            int trials,
            int halving,
            String metric,
            boolean greaterIsBetter) {
        public Definition {
            settings = new TreeMap<>(settings);
            tries = List.copyOf(tries);
        }
    }

    public Search {
        trials = List.copyOf(trials);
    }

    /**
     * Reads a search.
     *
     * @param file name of the file in errors
     */
    public static Search parse(String json, String file) {
        try {
            return JSON.readValue(json, Search.class);
        } catch (JsonProcessingException e) {
            throw RunException.data(
                    file + ": is not the record of a search: remove the file, or choose another output.dir", e);
        }
    }

    /** Returns the content of the file. */
    public String toJson() {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n";
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the search with a trial's newer state. */
    public Search with(Trial newer) {
        List<Trial> all = new ArrayList<>(trials);
        all.replaceAll(trial -> trial.name().equals(newer.name()) ? newer : trial);
        return new Search(definition, all, best);
    }

    /** Returns the search with its winner. */
    public Search ended(String winner) {
        return new Search(definition, trials, winner);
    }

    /** Returns the order of trials by the metric, the best first; trials without the metric are last. */
    public Comparator<Trial> bestFirst() {
        Metric metric = new Metric(definition.metric(), definition.greaterIsBetter());
        return (a, b) -> {
            double left = a.metric(metric.name());
            double right = b.metric(metric.name());
            return metric.improves(left, right) ? -1 : metric.improves(right, left) ? 1 : 0;
        };
    }

    /** Returns the trials in a state, the best first; equal trials in the order of their names. */
    public List<Trial> in(Trial.State state) {
        return trials.stream()
                .filter(trial -> trial.state() == state)
                .sorted(bestFirst())
                .toList();
    }

    /** Returns the best trial that was trained to the end. */
    public Optional<Trial> bestDone() {
        return in(Trial.State.DONE).stream().findFirst();
    }
}
