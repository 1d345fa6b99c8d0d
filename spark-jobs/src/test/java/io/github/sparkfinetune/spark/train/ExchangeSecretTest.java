package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.Appender;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.OutputStreamAppender;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.layout.PatternLayout;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The secret of a run's ranks is in no place that people, or other users, can read. */
@Timeout(600)
class ExchangeSecretTest {
    private static final int SECRET_BYTES = 32;

    @TempDir
    private Path folder;

    /** Records the random bytes. */
    private static final class Recorded extends SecureRandom {
        private static final long serialVersionUID = 1;
        private final transient List<byte[]> drawn = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void nextBytes(byte[] bytes) {
            super.nextBytes(bytes);
            drawn.add(bytes.clone());
        }

        byte[] secret() {
            return drawn.stream()
                    .filter(bytes -> bytes.length == SECRET_BYTES)
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Writes all log messages to a stream, and to nothing else, until it is closed. */
    private static final class Debugging implements AutoCloseable {
        private final LoggerContext context = (LoggerContext) LogManager.getContext(false);
        private final LoggerConfig root = context.getConfiguration().getRootLogger();
        private final Level level = root.getLevel();
        private final List<Appender> others = List.copyOf(root.getAppenders().values());
        private final Appender appender;

        Debugging(OutputStream target) {
            appender = OutputStreamAppender.createAppender(
                    PatternLayout.createDefaultLayout(), null, target, "scan", false, true);
            appender.start();
        }

        void start() {
            others.forEach(other -> root.removeAppender(other.getName()));
            root.addAppender(appender, Level.ALL, null);
            root.setLevel(Level.DEBUG);
            context.updateLoggers();
        }

        @Override
        public void close() {
            root.removeAppender(appender.getName());
            others.forEach(other -> root.addAppender(other, null, null));
            root.setLevel(level);
            context.updateLoggers();
            appender.stop();
        }
    }

    @Test
    void keepsTheSecretOutOfPagesLogsAndFiles() throws IOException {
        RunConfig run = Runs.in(folder);
        Path events = Files.createDirectory(folder.resolve("events"));
        Map<String, String> seen = new ConcurrentHashMap<>();
        Recorded random = new Recorded();
        ByteArrayOutputStream logged = new ByteArrayOutputStream();
        Map<String, String> settings = Map.of(
                "spark.ui.enabled", "true",
                "spark.ui.port", "0",
                "spark.eventLog.enabled", "true",
                "spark.eventLog.dir", events.toUri().toString());
        try (SparkSession spark = SparkSessions.open(run, "test", "local[2]", settings);
                Debugging log = new Debugging(logged)) {
            log.start();
            URI ui = URI.create(spark.sparkContext().uiWebUrl().get());
            CountingBody body = new CountingBody(folder.toString(), (rank, step) -> {});
            TrainJob.run(
                    spark,
                    run,
                    body,
                    1,
                    record -> pages(spark).forEach(page -> seen.put(page, get(ui.resolve(page)))),
                    random);
        }
        seen.put("log", logged.toString(StandardCharsets.ISO_8859_1));
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                seen.put(file.toString(), Files.readString(file, StandardCharsets.ISO_8859_1));
            }
        }

        byte[] secret = random.secret();
        assertThat(seen.keySet())
                .anyMatch(name -> name.contains("/events/"))
                .anyMatch(name -> name.contains("/threads"))
                .anyMatch(name -> name.endsWith("run.yaml"));
        assertThat(seen.get("log")).as("a log of debugging").contains("submitStage(ShuffleMapStage");
        Map<String, String> forms = forms(secret);
        seen.forEach((name, text) -> forms.forEach((form, value) ->
                assertThat(text.contains(value)).as("%s in %s", form, name).isFalse()));
    }

    private static List<String> pages(SparkSession spark) {
        String application = "/api/v1/applications/" + spark.sparkContext().applicationId() + "/";
        return List.of(
                "/jobs/",
                "/stages/",
                "/environment/",
                "/executors/",
                "/executors/threadDump/?executorId=driver",
                application + "environment",
                application + "jobs",
                application + "stages?details=true",
                application + "executors/driver/threads");
    }

    /** Returns the forms in which a log or page may contain the secret. */
    private static Map<String, String> forms(byte[] secret) {
        Map<String, String> forms = new LinkedHashMap<>();
        forms.put("bytes", new String(secret, StandardCharsets.ISO_8859_1));
        forms.put("hexadecimal", HexFormat.of().formatHex(secret));
        forms.put("upper-case hexadecimal", HexFormat.of().withUpperCase().formatHex(secret));
        forms.put("Base64", Base64.getEncoder().withoutPadding().encodeToString(secret));
        forms.put("URL-safe Base64", Base64.getUrlEncoder().withoutPadding().encodeToString(secret));
        String numbers = Arrays.toString(secret);
        forms.put("numbers", numbers.substring(1, numbers.length() - 1));
        return forms;
    }

    private static String get(URI address) {
        try (InputStream in = address.toURL().openStream()) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
