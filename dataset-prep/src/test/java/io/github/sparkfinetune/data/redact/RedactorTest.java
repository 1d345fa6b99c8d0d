package io.github.sparkfinetune.data.redact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.redact.RedactConfig;
import io.github.sparkfinetune.conf.redact.RedactConfig.Operator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedactorTest {
    private static final String KEY = "0123456789abcdef0123456789abcdef";
    private static final List<String> ENTITIES = List.of("PHONE_NUMBER", "EMAIL_ADDRESS", "DATE_TIME", "US_SSN");

    @TempDir
    private Path folder;

    private static RedactConfig config(Operator operator, Map<String, Object> operators, String... keep) {
        return new RedactConfig(
                ENTITIES, operator, operators, List.of(keep), List.of("US"), "key", null, null, Map.of(), 0);
    }

    private static Redactor redactor(String key, Operator operator, Map<String, Object> operators, String... keep) {
        return new Redactor(
                config(operator, operators, keep),
                RedactionKey.of(key.getBytes(StandardCharsets.UTF_8)),
                ModelSpans.none());
    }

    private static String redacted(Operator operator, String text) {
        return redactor(KEY, operator, Map.of()).redact(text).text();
    }

    @Test
    void replacesEachEntityByItsOperator() {
        Redacted redacted = redactor(
                        KEY, Operator.REPLACE, Map.of("US_SSN", "mask", "DATE_TIME", "mask"), "info@example.com")
                .redact("From bob@example.com to info@example.com, 123-45-6780, on 1/2/2020; call 650-253-0000!");
        assertThat(redacted.text())
                .isEqualTo("From <EMAIL_ADDRESS> to info@example.com, ***********, on ********; call <PHONE_NUMBER>!");
        assertThat(redacted.counts())
                .isEqualTo(Map.of("EMAIL_ADDRESS", 1, "US_SSN", 1, "DATE_TIME", 1, "PHONE_NUMBER", 1));
    }

    @Test
    void hashesAndPseudonymsDependOnKeyAndValueAlone() {
        String first = redacted(Operator.HASH, "Bob@example.com");
        assertThat(first).matches("[0-9a-f]{32}");
        assertThat(redacted(Operator.HASH, "bob@example.com")).isEqualTo(first);
        assertThat(redacted(Operator.HASH, "bob@example.org")).isNotEqualTo(first);
        assertThat(redactor(KEY + "1", Operator.HASH, Map.of())
                        .redact("bob@example.com")
                        .text())
                .isNotEqualTo(first);

        String phone = redacted(Operator.PSEUDONYM, "650-253-0000");
        assertThat(phone).matches("[0-9]{3}-[0-9]{3}-[0-9]{4}").isNotEqualTo("650-253-0000");
        assertThat(redacted(Operator.PSEUDONYM, "(650) 253 0000").replaceAll("[^0-9]", ""))
                .isEqualTo(phone.replace("-", ""));
        assertThat(redacted(Operator.PSEUDONYM, "Bob.Smith@example.com"))
                .matches("[A-Z][a-z]{2}\\.[A-Z][a-z]{4}@[a-z]{7}\\.[a-z]{3}")
                .isNotEqualTo("Bob.Smith@example.com");
        // Long values need more than one block of the hash.
        String local = "a".repeat(60);
        assertThat(redacted(Operator.PSEUDONYM, local + "@example.com")).doesNotContain("aaaa");
    }

    @Test
    void pseudonymsOfDifferentValuesDiffer() {
        assertThat(IntStream.range(0, 2000)
                        .mapToObj(i -> redacted(Operator.PSEUDONYM, "customer" + i + "@example.com"))
                        .distinct())
                .hasSize(2000);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        1/31/2020 ^ 1/21/2020
        01/05/2020 ^ 12/26/2019
        31.1.20 ^ 21.1.20
        2020-12-31 ^ 2020-12-21
        2020-01-05T10:11:12Z ^ 2019-12-26T10:11:12Z
        January 5, 2020 ^ December 26, 2019
        5-JAN-2020 ^ 26-DEC-2019
        jan 5 2020 ^ dec 26 2019
        5th of may 2021 ^ 25th of april 2021
        """)
    void movesDatesInTheirForm(String date, String moved) {
        assertThat(DateShift.moved(date, -10)).isEqualTo(moved);
    }

    @ParameterizedTest
    @CsvSource({"30.2.2020", "jan-2020", "June 2020", "5-JAN"})
    void datesThatNameNoDayAreReplaced(String date) {
        Redactor redactor = redactor(KEY, Operator.MASK, Map.of("DATE_TIME", "date_shift"));
        redactor.begin(null, () -> "row");
        assertThat(DateShift.moved(date, 1)).isNull();
        assertThat(redactor.redact("on " + date).text()).isEqualTo("on <DATE_TIME>");
    }

    @Test
    void datesOfARowMoveTogether() {
        Redactor redactor = redactor(KEY, Operator.MASK, Map.of("DATE_TIME", "date_shift"));
        redactor.begin(null, () -> "first row");
        String first = redactor.redact("2020-03-01 to 2020-03-08").text();
        assertThat(first).matches("20(19|20)-\\d\\d-\\d\\d to 20(19|20)-\\d\\d-\\d\\d");
        String[] days = first.split(" to ", -1);
        assertThat(LocalDate.parse(days[1]))
                .isEqualTo(LocalDate.parse(days[0]).plusDays(7))
                .isBefore(LocalDate.of(2020, 3, 8));
        redactor.begin(null, () -> "second row");
        assertThat(redactor.redact("2020-03-01 to 2020-03-08").text()).isNotEqualTo(first);
        redactor.begin(null, () -> "first row");
        assertThat(redactor.redact("2020-03-01 to 2020-03-08").text()).isEqualTo(first);
    }

    @Test
    void datesAndPseudonymsBelongToAPerson() {
        RedactConfig config = new RedactConfig(
                ENTITIES,
                Operator.PSEUDONYM,
                Map.of("DATE_TIME", "date_shift"),
                List.of(),
                List.of("US"),
                "key",
                "patient",
                null,
                Map.of(),
                0);
        Redactor redactor =
                new Redactor(config, RedactionKey.of(KEY.getBytes(StandardCharsets.UTF_8)), ModelSpans.none());
        String text = "2020-03-01, bob@example.com";
        List<String> redacted = new ArrayList<>();
        for (String person : Arrays.asList("p1", "p1", "p2", null, null)) {
            redactor.begin(person, () -> redacted.size() + " row");
            redacted.add(redactor.redact(text).text());
        }
        assertThat(redacted.get(1)).isEqualTo(redacted.get(0));
        assertThat(redacted.stream().map(one -> one.split(", ", -1)[0]).distinct())
                .hasSize(4);
        assertThat(redacted.stream().map(one -> one.split(", ", -1)[1]).distinct())
                .hasSize(4);
        // A row without a person is no person whose name is the row.
        redactor.begin("3 row", () -> "");
        assertThat(redactor.redact(text).text()).isNotIn(redacted);
    }

    @Test
    void placesMoveWithTheText() {
        Redacted redacted = redactor(KEY, Operator.REPLACE, Map.of()).redact("a bob@x.org b 123-45-6780");
        assertThat(redacted.text()).isEqualTo("a <EMAIL_ADDRESS> b <US_SSN>");
        assertThat(List.of(redacted.start(0), redacted.start(2), redacted.start(5), redacted.start(11)))
                .containsExactly(0, 2, 2, 17);
        assertThat(List.of(redacted.end(1), redacted.end(2), redacted.end(5), redacted.end(9), redacted.end(11)))
                .containsExactly(1, 2, 17, 17, 17);
        assertThat(redacted.text().substring(redacted.start(14), redacted.end(25)))
                .isEqualTo("<US_SSN>");
        assertThat(redacted.cut(20).end(25)).isEqualTo(20);
        assertThat(redacted.cut(20).isCut(25)).isTrue();
        assertThat(redacted.cut(20).isCut(11)).isFalse();
    }

    @Test
    void keyIsReadFromAFileAndNeverShown() throws IOException {
        Path file = Files.writeString(folder.resolve("key"), KEY + "\n");
        RedactConfig config = new RedactConfig(
                ENTITIES,
                Operator.HASH,
                Map.of(),
                List.of("secret value"),
                List.of("US"),
                file.toString(),
                null,
                null,
                Map.of(),
                0);
        Redaction redaction = Redaction.of(config);
        assertThat(redaction.open(ModelSpans.none()).redact("bob@example.com").text())
                .isEqualTo(redacted(Operator.HASH, "bob@example.com"));
        assertThat(redaction.toString() + redaction.options())
                .doesNotContain(KEY)
                .doesNotContain("0123456789abcdef0");
        assertThat(redaction.options().keyFingerprint()).matches("[0-9a-f]{16}");
        assertThat(redaction.options().toString()).doesNotContain("secret value");
        assertThat(redaction.options().entities())
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of("EMAIL_ADDRESS", "hash", "DATE_TIME", "hash", "US_SSN", "hash", "PHONE_NUMBER", "hash"));
        // Executors get the redaction with their tasks.
        new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(redaction);

        Files.writeString(file, KEY + "2");
        assertThat(Redaction.of(config).options().keyFingerprint())
                .isNotEqualTo(redaction.options().keyFingerprint());
    }

    @Test
    void refusesAFileThatIsNoKey() throws IOException {
        Path file = Files.writeString(folder.resolve("key"), "short\n");
        assertThatThrownBy(() -> RedactionKey.read("data.redact.key_file", file.toString()))
                .isInstanceOf(RunException.class)
                .hasMessage("data.redact.key_file: " + file + " has 5 bytes, a key has 16 to 65536: write random bytes,"
                        + " for example by openssl rand -hex 32");
        assertThatThrownBy(() -> RedactionKey.read(
                        "data.redact.key_file", folder.resolve("none").toString()))
                .isInstanceOf(RunException.class)
                .hasMessage("data.redact.key_file: " + folder.resolve("none")
                        + " does not exist: name the file of the key");
        assertThat(Redaction.of(new RedactConfig(
                        List.of(),
                        Operator.REPLACE,
                        Map.of(),
                        List.of(),
                        List.of(),
                        "no such file",
                        null,
                        null,
                        Map.of(),
                        0)))
                .isNull();
    }
}
