package io.github.sparkfinetune.spark.run;

import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/** Registry that has models of runs as versions. {@code META-INF/services} names implementations. */
public interface ModelRegistry {

    /**
     * Version of a registered model.
     *
     * @param trackingUri server with the registry
     * @param name name of the registered model
     * @param version number of the version
     */
    record Version(String trackingUri, String name, String version) {
        @Override
        public String toString() {
            return "version " + version + " of " + name;
        }
    }

    /** Returns the version that a run has registered, or empty. */
    Optional<Version> version(String outputDir, Configuration hadoop);

    /**
     * Points an alias at a version.
     *
     * @param environment variables of the process, with the credentials of the server
     * @throws io.github.sparkfinetune.conf.error.RunException if the server refuses or does not answer
     */
    void setAlias(Version version, String alias, Map<String, String> environment);
}
