package io.github.sparkfinetune.extra.lineage;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Receiver of events. */
interface Transport {
    /** Sends an event; may take seconds. */
    void send(String event) throws IOException;

    /**
     * Returns the transports that settings name. OpenLineage's {@code composite} is several transports.
     *
     * @param settings settings by their names below {@code transport}
     * @throws IllegalArgumentException if this program lacks a transport or a setting of one, or a setting is wrong
     */
    static List<Transport> of(Map<String, String> settings) {
        String type = settings.getOrDefault("type", "");
        return switch (type.toLowerCase(Locale.ROOT)) {
            case "" -> {
                if (!settings.isEmpty()) {
                    throw new IllegalArgumentException("OpenLineage's transport has no type and no url");
                }
                yield List.of();
            }
            case "noop" -> List.of();
            case "http" -> List.of(HttpTransport.of(settings));
            case "file" -> List.of(FileTransport.of(settings));
            case "console" -> List.of(new Console());
            case "composite" -> composite(settings);
            default ->
                throw new IllegalArgumentException("OpenLineage's transport '" + type
                        + "' is not supported: set http, file, console or composite");
        };
    }

    private static List<Transport> composite(Map<String, String> settings) {
        Map<String, String> parts = LineageSettings.below(settings, "transports.");
        Set<String> names = new LinkedHashSet<>();
        parts.keySet().forEach(name -> names.add(name.split("\\.", 2)[0]));
        List<Transport> all = new ArrayList<>();
        for (String name : names) {
            all.addAll(of(new LinkedHashMap<>(LineageSettings.below(parts, name + "."))));
        }
        return all;
    }

    /** Writes events to the log at level INFO, as OpenLineage's {@code console} does. */
    final class Console implements Transport {
        private static final Logger LOG = LoggerFactory.getLogger(Console.class);

        @Override
        public void send(String event) {
            LOG.info("{}", event);
        }
    }
}
