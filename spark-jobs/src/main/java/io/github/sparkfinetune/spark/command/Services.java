package io.github.sparkfinetune.spark.command;

import java.util.List;
import java.util.ServiceLoader;

/** Implementations that {@code META-INF/services} names. */
public final class Services {
    private Services() {}

    /** Returns a new instance of each implementation. */
    public static <T> List<T> of(Class<T> service) {
        // The loader of a thread of py4j or Spark Connect may not see this jar.
        return ServiceLoader.load(service, service.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
    }
}
