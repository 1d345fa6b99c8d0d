package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.DataFormat;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The {@link SourceFormat} of each {@link DataFormat}, found by its name. */
public final class SourceFormats {
    private static final Map<DataFormat, SourceFormat> ALL = new EnumMap<>(DataFormat.class);
    private static final Map<String, DataFormat> BY_ENDING = new HashMap<>();

    static {
        for (DataFormat name : DataFormat.values()) {
            if (!name.isAuto()) {
                SourceFormat format = create(name);
                ALL.put(name, format);
                format.endings().forEach(ending -> BY_ENDING.put(ending, name));
            }
        }
    }

    private SourceFormats() {}

    /** Returns the reader of a format that is not auto. */
    public static SourceFormat of(DataFormat name) {
        return ALL.get(name);
    }

    /** Returns the format of files with an ending, such as {@code .csv}. */
    static Optional<DataFormat> byEnding(String ending) {
        return Optional.ofNullable(BY_ENDING.get(ending));
    }

    private static SourceFormat create(DataFormat name) {
        String words = Arrays.stream(name.configName().split("_"))
                .map(word -> Character.toUpperCase(word.charAt(0)) + word.substring(1))
                .collect(Collectors.joining());
        try {
            return Class.forName(SourceFormat.class.getPackageName() + "." + words + "Format")
                    .asSubclass(SourceFormat.class)
                    .getDeclaredConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("no class reads data.format: " + name.configName(), e);
        }
    }
}
