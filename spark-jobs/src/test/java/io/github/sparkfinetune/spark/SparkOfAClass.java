package io.github.sparkfinetune.spark;

import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Stops the Spark session that a test class leaves running. Test classes share a JVM, and the next class opens a
 * session with its own settings.
 */
public final class SparkOfAClass implements AfterAllCallback {
    @Override
    public void afterAll(ExtensionContext context) {
        if (SparkSession.getDefaultSession().isDefined()) {
            SparkSession.getDefaultSession().get().stop();
        }
        SparkSession.clearActiveSession();
        SparkSession.clearDefaultSession();
    }
}
