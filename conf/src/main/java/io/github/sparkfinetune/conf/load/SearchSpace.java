package io.github.sparkfinetune.conf.load;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.LongToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * Values of a run's keys among which a search chooses. A text {@code KEY=[A, B]} lists values in YAML, and
 * {@code KEY=FROM..TO} is a range: its values are drawn evenly from the logarithms of the bounds, or evenly between the
 * bounds if {@code FROM} is 0. A range of whole numbers has whole values.
 */
public final class SearchSpace {
    private static final Pattern RANGE = Pattern.compile("\\s*([0-9.eE_+-]+?)\\.\\.([0-9.eE_+-]+)\\s*");
    private static final Pattern WHOLE = Pattern.compile("[0-9]+");
    /** Sections of the data, the cluster and the output, which all trials share. */
    private static final Set<String> SHARED = Set.of("data", "tokenizer", "cluster", "output", "predict", "generation");

    /** Redrawn settings after which a space counts as exhausted. */
    private static final int DRAWS = 1000;

    private final List<Dimension> dimensions;

    /** Values of a key: listed, or between bounds. */
    private interface Dimension {
        String key();

        /** Returns the value at a share of the values, in [0, 1). */
        String at(double share);
    }

    /** @param values values in YAML */
    private record Listed(String key, List<String> values) implements Dimension {
        @Override
        public String at(double share) {
            return values.get((int) (share * values.size()));
        }
    }

    private record Range(String key, double from, double to, boolean isWhole) implements Dimension {
        @Override
        public String at(double share) {
            if (isWhole) {
                // Every whole number has the same room, also the last one.
                double value = from == 0
                        ? share * (to + 1)
                        : Math.exp(Math.log(from) + share * (Math.log(to + 1) - Math.log(from)));
                return Long.toString(Math.min((long) to, Math.max((long) from, (long) value)));
            }
            double value = from == 0 ? share * to : Math.exp(Math.log(from) + share * (Math.log(to) - Math.log(from)));
            // Three digits tell values apart and stay readable.
            return String.format(Locale.ROOT, "%.2e", value);
        }
    }

    private SearchSpace(List<Dimension> dimensions) {
        this.dimensions = dimensions;
    }

    /**
     * Reads a space.
     *
     * @param tries a text for each key
     * @throws RunException if a key is unknown or named twice, if its trials could not share a dataset and a cluster,
     *     or if its values are neither a list nor a range
     */
    public static SearchSpace parse(List<String> tries) {
        List<Dimension> dimensions = new ArrayList<>();
        for (String text : tries) {
            int equals = text.indexOf('=');
            if (equals < 1) {
                throw RunException.config("--try " + text + ": expected section.key=[A, B] or section.key=FROM..TO");
            }
            String key = text.substring(0, equals).strip();
            require(key);
            if (dimensions.stream().anyMatch(dimension -> dimension.key().equals(key))) {
                throw RunException.config("--try " + key + ": is there twice: give it once, with all values");
            }
            dimensions.add(dimension(key, text.substring(equals + 1)));
        }
        return new SearchSpace(List.copyOf(dimensions));
    }

    private static void require(String key) {
        if (!Keys.settable().contains(key) && !Keys.isMap(key.replaceFirst("\\.[^.]*$", ""))) {
            throw RunException.config("--try " + key + ": unknown key" + Keys.suggestion(key));
        }
        String section = key.replaceFirst("\\..*", "");
        boolean isShared = SHARED.contains(section) || (section.equals(key) && !key.equals("precision"));
        if (isShared || Keys.mayChange(key)) {
            throw RunException.config("--try " + key
                    + ": cannot be searched, because all trials share one dataset and one cluster: try keys of training,"
                    + " method and the task, or precision");
        }
    }

    private static Dimension dimension(String key, String value) {
        Matcher range = RANGE.matcher(value);
        if (range.matches()) {
            return range(key, value, range.group(1), range.group(2));
        }
        Node node = Settings.compose(value, "--try " + key);
        if (!(node instanceof SequenceNode list) || list.getValue().isEmpty()) {
            throw RunException.config(
                    "--try " + key + "=" + value.strip() + ": expected a list such as [1, 2] or a range such as 1..2");
        }
        return new Listed(
                key,
                list.getValue().stream()
                        .map(item -> text(value, item))
                        .distinct()
                        .toList());
    }

    private static Dimension range(String key, String value, String from, String to) {
        try {
            boolean isWhole = WHOLE.matcher(from).matches() && WHOLE.matcher(to).matches();
            Range range = new Range(key, Double.parseDouble(from), Double.parseDouble(to), isWhole);
            if (range.from() >= 0 && range.from() < range.to() && Double.isFinite(range.to())) {
                return range;
            }
        } catch (NumberFormatException e) {
            throw RunException.config("--try " + key + "=" + value.strip() + ": expected two numbers FROM..TO");
        }
        throw RunException.config("--try " + key + "=" + value.strip() + ": expected FROM at least 0 and below TO");
    }

    /** Returns a part of a YAML text as written. */
    private static String text(String yaml, Node node) {
        int from = yaml.offsetByCodePoints(0, node.getStartMark().getIndex());
        int to = yaml.offsetByCodePoints(0, node.getEndMark().getIndex());
        return yaml.substring(from, to);
    }

    /** Returns the keys in their order. */
    public List<String> keys() {
        return dimensions.stream().map(Dimension::key).toList();
    }

    /**
     * Returns all combinations of the listed values, the last key first in turn.
     *
     * @throws RunException if a key has a range
     */
    public List<Map<String, String>> grid() {
        List<Map<String, String>> grid = List.of(Map.of());
        for (Dimension dimension : dimensions) {
            if (!(dimension instanceof Listed listed)) {
                throw RunException.config("--try " + dimension.key()
                        + ": a range has no last value: give the number of settings to draw with --trials");
            }
            List<Map<String, String>> longer = new ArrayList<>();
            for (Map<String, String> shorter : grid) {
                for (String value : listed.values()) {
                    Map<String, String> one = new LinkedHashMap<>(shorter);
                    one.put(listed.key(), value);
                    longer.add(one);
                }
            }
            grid = longer;
        }
        return grid;
    }

    /**
     * Draws different settings at random; fewer than asked for if the space has no more. The first settings of a longer
     * drawing are those of a shorter one.
     *
     * @param uniform returns the n-th random number in [0, 1)
     */
    public List<Map<String, String>> draw(int count, LongToDoubleFunction uniform) {
        List<Map<String, String>> drawn = new ArrayList<>();
        long n = 0;
        int misses = 0;
        while (drawn.size() < count && misses < DRAWS) {
            Map<String, String> one = new LinkedHashMap<>();
            for (Dimension dimension : dimensions) {
                one.put(dimension.key(), dimension.at(uniform.applyAsDouble(n++)));
            }
            if (drawn.contains(one)) {
                misses++;
            } else {
                drawn.add(one);
            }
        }
        return drawn;
    }
}
