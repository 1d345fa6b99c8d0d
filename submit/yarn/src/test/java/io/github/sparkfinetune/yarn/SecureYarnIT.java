package io.github.sparkfinetune.yarn;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Trains on a YARN and an HDFS with Kerberos, for longer than a delegation token lives. */
@Timeout(2400)
class SecureYarnIT {
    private static final int TOKEN_SECONDS = 90;
    private static final int STEPS = 24;
    /** Makes a run outlast its first tokens on a fast machine too: each of its checkpoints is several files. */
    private static final int ACK_MILLIS = 500;

    @TempDir
    private static Path folder;

    private static Kerberos kerberos;
    private static MiniHadoop hadoop;
    private static Submits submits;

    @BeforeAll
    static void start() throws Exception {
        kerberos = Kerberos.start(folder.resolve("kerberos"));
        hadoop = MiniHadoop.start(folder, kerberos, TOKEN_SECONDS);
        hadoop.slowWrites(ACK_MILLIS);
        submits = Submits.prepare(
                folder, hadoop, "max_steps: " + STEPS + ", per_device_train_batch_size: 4, save_steps: 1");
    }

    @AfterAll
    static void stop() throws Exception {
        if (hadoop != null) {
            hadoop.close();
        }
        if (kerberos != null) {
            kerberos.close();
        }
    }

    @Test
    void keytabRenewsTokensInClusterMode() throws Exception {
        String output = output("cluster");

        int exit = submit("cluster", output, keytab());

        assertThat(exit).as(submits.log(output)).isZero();
        assertThat(submits.status(output).path("exit_code").asInt()).isZero();
        // Spark has got the run's first tokens before YARN knew the run.
        long end = hadoop.files()
                .getFileStatus(Submits.path(output + "/model/model.safetensors"))
                .getModificationTime();
        assertThat(end - hadoop.newestStart()).as("milliseconds").isGreaterThan(TOKEN_SECONDS * 1000L);
    }

    @Test
    void tokensOfATicketEndARunThatAKeytabResumes() throws Exception {
        String output = output("client");

        int ended = submits.submit(environment(kerberos.ticketCache()), "client", "run", output);
        String log = submits.log(output);
        int saved = newestCommitted(output);
        int resumed = submit("client", output, keytab());

        assertThat(ended).as(log).isEqualTo(4);
        // On a slow machine the token ends while the data is read, and the message names the file first.
        assertThat(error(log))
                .contains("the delegation token of me ended", ": run kinit, or add --conf spark.kerberos.principal=…");
        assertThat(resumed).as(submits.log(output)).isZero();
        assertThat(firstStep(submits.log(output))).isGreaterThanOrEqualTo(saved);
    }

    @Test
    void runWithoutATicketFailsInOneLine() throws Exception {
        String output = output("nothing");

        int client = submit("client", output);
        String log = submits.log(output);
        int cluster = submit("cluster", output);

        assertThat(cluster).as("spark-submit's own").isEqualTo(1);
        assertThat(client).as(log).isEqualTo(4);
        assertThat(error(log))
                .matches("error: hdfs://localhost:\\d+/run.yaml: cannot be read: no Kerberos ticket or token for"
                        + " localhost:\\d+: run kinit, or add .*");
    }

    private static int newestCommitted(String output) throws IOException {
        return Arrays.stream(hadoop.files().globStatus(Submits.path(output + "/checkpoints/step-*/COMMITTED")))
                .map(marker -> marker.getPath().getParent().getName())
                .mapToInt(step -> Integer.parseInt(step.split("-", -1)[1]))
                .max()
                .orElse(0);
    }

    private static int firstStep(String log) {
        Matcher progress = Pattern.compile("(?m)^train +\\[.*] (\\d+)/" + STEPS).matcher(log);
        assertThat(progress.find()).as(log).isTrue();
        return Integer.parseInt(progress.group(1));
    }

    private static String error(String log) {
        return log.lines().filter(line -> line.startsWith("error: ")).reduce("", String::concat);
    }

    private static String[] keytab() {
        return new String[] {
            "--conf", "spark.kerberos.principal=" + kerberos.principal(),
            "--conf", "spark.kerberos.keytab=" + kerberos.keytab(),
            "--conf", "spark.yarn.maxAppAttempts=1"
        };
    }

    /** Submits without the ticket of whoever runs this test. */
    private static int submit(String mode, String output, String... settings) throws Exception {
        return submits.submit(environment(folder.resolve("no-tickets")), mode, "run", output, settings);
    }

    private static Map<String, String> environment(Path tickets) {
        return Map.of(
                "KRB5CCNAME",
                tickets.toString(),
                "JAVA_TOOL_OPTIONS",
                "-Djava.security.krb5.conf=" + kerberos.clientConf());
    }

    private static String output(String name) {
        return "/user/" + Kerberos.USER + "/runs/" + name;
    }
}
