package io.github.sparkfinetune.spark.prepare;

import java.io.Serializable;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Label names and their ids: sorted by number where all are numbers, else by name. */
final class Labels implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final String NUMBER = "[+-]?\\d{1,18}(\\.\\d{1,18})?";

    private final List<String> names;
    private final Map<String, Integer> ids = new HashMap<>();

    private Labels(List<String> names) {
        this.names = names;
        for (int id = 0; id < names.size(); id++) {
            ids.put(names.get(id), id);
        }
    }

    static Labels of(Collection<String> found) {
        boolean numbers = found.stream().allMatch(name -> name.matches(NUMBER));
        Comparator<String> order = Comparator.naturalOrder();
        return new Labels(found.stream()
                .distinct()
                .sorted(
                        numbers
                                ? Comparator.<String, BigDecimal>comparing(BigDecimal::new)
                                        .thenComparing(order)
                                : order)
                .toList());
    }

    List<String> names() {
        return names;
    }

    /** Its id, or -1 where it is no label. */
    int id(String name) {
        return ids.getOrDefault(name, -1);
    }
}
