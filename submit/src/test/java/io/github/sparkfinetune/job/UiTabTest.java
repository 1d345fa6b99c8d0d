package io.github.sparkfinetune.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(600)
class UiTabTest {
    private static final String LINK = "href=\"/finetune/\"";

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private static SparkSession spark;

    @BeforeAll
    static void start() {
        spark = SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", "true")
                .config("spark.ui.port", "0")
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static HttpResponse<String> get(String path) throws IOException, InterruptedException {
        URI uri = URI.create(spark.sparkContext().uiWebUrl().get() + path);
        HttpRequest request =
                HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(30)).build();
        return CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void showsThePageAsItIsNowUntilItIsClosed() throws Exception {
        assertThat(get("/environment/").body()).doesNotContain(LINK);
        AtomicInteger calls = new AtomicInteger();
        try (Jobs.Page page = UiTab.show(spark.sparkContext(), () -> "<p>call " + calls.incrementAndGet());
                Jobs.Page second = UiTab.show(spark.sparkContext(), () -> "another run")) {
            assertThat(page).isInstanceOf(UiTab.class);
            // A process has one tab.
            assertThat(second).isNotInstanceOf(UiTab.class);
            assertThat(get("/environment/").body()).containsOnlyOnce(LINK);
            assertThat(get("/finetune/").body()).contains("<p>call 1");
            HttpResponse<String> later = get("/finetune/");
            assertThat(later.body()).contains("<p>call 2");
            assertThat(later.headers().firstValue("Content-Type"))
                    .hasValueSatisfying(type -> assertThat(type).startsWith("text/html"));
            assertThat(later.headers().firstValue("X-Frame-Options")).isPresent();
        }
        assertThat(get("/environment/").body()).doesNotContain(LINK);
        // Spark's UI leads unknown paths to its first page.
        assertThat(get("/finetune/").statusCode()).isNotEqualTo(200);
    }

    @Test
    void showsNoTabUnlessTheUiWasAskedFor() throws Exception {
        spark.stop();
        // As on a cluster: Spark starts its UI by itself.
        spark = SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.port", "0")
                .getOrCreate();
        try {
            assertThat(spark.sparkContext().ui().isDefined()).isTrue();
            try (Jobs.Page page = UiTab.show(spark.sparkContext(), () -> "a text")) {
                assertThat(page).isNotInstanceOf(UiTab.class);
                assertThat(get("/environment/").body()).doesNotContain(LINK);
            }
        } finally {
            spark.stop();
            start();
        }
    }

    @Test
    void anErrorOfThePageIsAnErrorOfTheRequest() throws Exception {
        try (Jobs.Page page = UiTab.show(spark.sparkContext(), () -> {
            throw new IOException("no disk");
        })) {
            assertThat(page).isInstanceOf(UiTab.class);
            assertThat(get("/finetune/").statusCode()).isEqualTo(500);
        }
        try (Jobs.Page page = UiTab.show(spark.sparkContext(), () -> "works")) {
            assertThat(page).isInstanceOf(UiTab.class);
            assertThat(get("/finetune/").body()).contains("works");
        }
    }
}
