package io.github.sparkfinetune.data.task;

import java.math.BigDecimal;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The order of label names: a name's place is its id. */
public final class LabelNames {
    private static final String NUMBER = "[+-]?\\d{1,18}(\\.\\d{1,18})?";

    private LabelNames() {}

    /** Sorts names by number if all are numbers, else by name. */
    public static List<String> sorted(Collection<String> names) {
        boolean numbers = names.stream().allMatch(name -> name.matches(NUMBER));
        Comparator<String> byName = Comparator.naturalOrder();
        Comparator<String> byNumber = Comparator.comparing(BigDecimal::new);
        return names.stream()
                .distinct()
                .sorted(numbers ? byNumber.thenComparing(byName) : byName)
                .toList();
    }

    /** Returns the ids by name. */
    public static Map<String, Integer> ids(List<String> names) {
        Map<String, Integer> ids = new HashMap<>();
        names.forEach(name -> ids.put(name, ids.size()));
        return ids;
    }
}
