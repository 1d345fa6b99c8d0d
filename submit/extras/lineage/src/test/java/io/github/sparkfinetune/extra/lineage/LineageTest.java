package io.github.sparkfinetune.extra.lineage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.Signalled;
import io.github.sparkfinetune.spark.listener.CommandOnRun;
import io.github.sparkfinetune.spark.listener.RunListeners;
import io.github.sparkfinetune.spark.listener.Step;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(600)
class LineageTest {
    private static final String URL = "spark.openlineage.transport.url";

    @TempDir
    private Path dir;

    private final List<String> printed = Collections.synchronizedList(new ArrayList<>());

    private RunListeners lineage(Map<String, String> spark) {
        RunConfig run = Runs.in(
                dir,
                "data.redact.entities=[EMAIL_ADDRESS]",
                "data.redact.keep=[Jane Doe]",
                "classification.class_weight={felines: 2}");
        return lineage(run, spark, printed::add);
    }

    private static RunListeners lineage(RunConfig run, Map<String, String> spark, Consumer<String> say) {
        return RunListeners.open(new CommandOnRun(run, new Configuration(), Map.of(), spark, false, List.of(), say));
    }

    private static String step(RunListeners lineage, RunListeners.Work<String> work) throws IOException {
        try (lineage) {
            return lineage.step(Step.EVALUATE, result -> Map.of(), work);
        }
    }

    private List<JsonNode> events() throws IOException {
        return Files.readAllLines(dir.resolve("events.jsonl")).stream()
                .map(line -> {
                    try {
                        return JsonFiles.MAPPER.readTree(line);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                })
                .toList();
    }

    private Map<String, String> toFile() {
        return Map.of(
                "spark.openlineage.transport.type",
                "file",
                "spark.openlineage.transport.location",
                dir.resolve("events.jsonl").toString());
    }

    /** Returns the printed lines about the service; the steps of these tests have no datasets. */
    private List<String> ofService() {
        return printed.stream().filter(line -> line.contains("sent")).toList();
    }

    @Test
    void doesAndPrintsNothingWithoutATransport() throws IOException {
        assertThat(step(lineage(Map.of("spark.master", "yarn")), () -> "done")).isEqualTo("done");
        assertThat(printed).isEmpty();
        assertThat(dir).isEmptyDirectory();
    }

    @Test
    void appendsEventsToAFile() throws IOException {
        RunListeners lineage = lineage(toFile());
        assertThatThrownBy(() -> step(lineage, () -> {
                    throw new IOException("the disk is full");
                }))
                .hasMessage("the disk is full");

        assertThat(events())
                .extracting(event -> event.path("eventType").asText())
                .containsExactly("START", "FAIL");
        assertThat(events().get(1).at("/run/facets/errorMessage/message").asText())
                .isEqualTo("the step failed: status.json in the output folder has the message");
        assertThat(events().get(0).at("/job/facets/sourceCode/sourceCode").asText())
                .contains("task: ", "text 1", "label 1")
                .doesNotContain("Jane Doe", "felines");
        assertThat(events().get(1).at("/job/name").asText()).isEqualTo("run.evaluate");
        assertThat(printed).isEmpty();
    }

    @Test
    void completesWithNamesIfTheDatasetsCannotBeDescribed() throws IOException {
        step(lineage(toFile()), () -> "done");

        assertThat(events().get(1).path("eventType").asText()).isEqualTo("COMPLETE");
        assertThat(events().get(1).path("inputs")).hasSize(2);
        assertThat(printed)
                .singleElement()
                .asString()
                .startsWith("warning   the datasets of a lineage event are unknown (")
                .endsWith("; the run continues");
    }

    @Test
    void zipsEventsForTheConfiguredAddress() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        List<String> requests = Collections.synchronizedList(new ArrayList<>());
        server.createContext("/", exchange -> {
            try (exchange;
                    GZIPInputStream body = new GZIPInputStream(exchange.getRequestBody())) {
                requests.add(exchange.getRequestURI() + " "
                        + exchange.getRequestHeaders().getFirst("X-Team") + " "
                        + JsonFiles.MAPPER.readTree(body).path("eventType").asText());
                exchange.sendResponseHeaders(200, -1);
            }
        });
        server.start();
        try {
            String url = "http://127.0.0.1:" + server.getAddress().getPort();
            step(
                    lineage(Map.of(
                            URL,
                            url,
                            "spark.openlineage.transport.endpoint",
                            "/lineage/v2",
                            "spark.openlineage.transport.urlParams.a",
                            "b c",
                            "spark.openlineage.transport.headers.X-Team",
                            "mails",
                            "spark.openlineage.transport.compression",
                            "gzip")),
                    () -> "done");
        } finally {
            server.stop(0);
        }
        assertThat(requests).containsExactly("/lineage/v2?a=b+c mails START", "/lineage/v2?a=b+c mails COMPLETE");
    }

    @Test
    void warnsOnceOfAServiceThatIsDown() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        RunListeners lineage = lineage(Map.of(URL, "http://127.0.0.1:" + port));
        assertThat(step(lineage, () -> "done")).isEqualTo("done");
        step(lineage, () -> "done");

        assertThat(ofService())
                .singleElement()
                .asString()
                .startsWith("warning   a lineage event was not sent (OpenLineage: http://127.0.0.1:" + port
                        + " does not answer (java.net.ConnectException")
                .endsWith("; the run continues");
    }

    @Test
    void warnsOnceOfARefusal() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        AtomicInteger requests = new AtomicInteger();
        server.createContext("/", exchange -> {
            try (exchange) {
                requests.incrementAndGet();
                exchange.sendResponseHeaders(403, -1);
            }
        });
        server.start();
        try {
            RunListeners lineage = lineage(
                    Map.of(URL, "http://127.0.0.1:" + server.getAddress().getPort()));
            step(lineage, () -> "done");
        } finally {
            server.stop(0);
        }
        assertThat(requests).hasValue(2);
        assertThat(ofService()).singleElement().asString().contains("403", "correct the API key");
    }

    @Test
    void waitsForASilentServiceOnceAndNotLong() throws IOException {
        // Accepts connections without an answer.
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            RunListeners lineage = lineage(Map.of(URL, "http://127.0.0.1:" + silent.getLocalPort()));
            long began = System.nanoTime();
            for (int i = 0; i < 3; i++) {
                step(lineage, () -> "done");
            }
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Sender.PATIENCE.plusSeconds(2));
        }
        assertThat(ofService()).hasSize(1);
    }

    @Test
    void reportsWrongSettingsOnce() throws IOException {
        step(lineage(Map.of("spark.openlineage.transport.type", "kafka")), () -> "done");
        assertThat(printed)
                .containsExactly("warning   OpenLineage's transport 'kafka' is not supported: set http, file, console"
                        + " or composite; the run continues without lineage events");
    }

    /** A process whose step is in progress when a signal ends it. */
    static final class Killed {
        private Killed() {}

        public static void main(String[] args) throws Exception {
            Path dir = Path.of(args[0]);
            Map<String, String> spark = Map.of(
                    "spark.openlineage.transport.type",
                    "file",
                    "spark.openlineage.transport.location",
                    dir.resolve("events.jsonl").toString());
            step(lineage(Runs.in(dir), spark, line -> {}), () -> {
                System.out.println("ready");
                return new CompletableFuture<String>().join();
            });
        }
    }

    @Test
    void aSignalAbortsTheStep() throws Exception {
        Signalled.end(Killed.class, Map.of(), dir.toString());
        assertThat(events())
                .extracting(event -> event.path("eventType").asText())
                .containsExactly("START", "ABORT");
    }
}
