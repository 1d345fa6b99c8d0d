package io.github.sparkfinetune.data.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.redact.Redaction;
import io.github.sparkfinetune.data.sft.SftExample;
import io.github.sparkfinetune.data.tag.TaggedWords;
import io.github.sparkfinetune.data.task.classification.ClassificationData;
import io.github.sparkfinetune.data.task.language.CausalLmData;
import io.github.sparkfinetune.data.task.language.SftData;
import io.github.sparkfinetune.data.task.token.TokenClassificationData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of tasks whose personal data is replaced by {@code data.redact}. */
class RedactedRowsTest {
    private static final String REDACT = "redact: {entities: [EMAIL_ADDRESS, PHONE_NUMBER, US_SSN]}";
    private static final String MAIL = "Mail bob@example.com or 650-253-0000.";
    private static final String REDACTED = "Mail <EMAIL_ADDRESS> or <PHONE_NUMBER>.";

    @TempDir
    private Path folder;

    private final TokenizerFiles files = GoldenFolder.tokenizer("wordpiece");

    RedactedRowsTest() throws IOException {}

    @Test
    void textsAreReplacedBeforeTheyAreHashed() {
        ClassificationData task = ClassificationData.of(Rows.config("classification", REDACT, "text_pair: other"));
        Reading<TextRows.Content> reading = task.reading(Rows.jsonLines("text", "other", "label"), files, true);
        List<CleanRow<TextRows.Content>> rows = Rows.clean(
                reading,
                Rows.row(MAIL, "SSN 123-45-6780", "a"),
                Rows.row(MAIL.replace("bob", "eve"), "SSN 123-45-6781", "a"));
        assertThat(rows.get(0).content()).isEqualTo(new TextRows.Content(REDACTED, "SSN <US_SSN>", null));
        assertThat(rows.get(0).changes().redacted())
                .isEqualTo(Map.of("EMAIL_ADDRESS", 1, "PHONE_NUMBER", 1, "US_SSN", 1));
        assertThat(rows.get(1).hash()).isEqualTo(rows.get(0).hash());
        RowCounts counts = new RowCounts();
        rows.forEach(counts::add);
        assertThat(counts.plus(new RowCounts()).redacted)
                .isEqualTo(Map.of("EMAIL_ADDRESS", 2L, "PHONE_NUMBER", 2L, "US_SSN", 2L));
    }

    @Test
    void documentsAreReplacedBeforeTheyAreMasked() {
        CausalLmData task = CausalLmData.of(Rows.config("causal-lm", REDACT, "corpus: {mask: [email, number]}"));
        CleanRow<TextRows.Content> row = Rows.clean(
                        task.reading(Rows.jsonLines("text"), files, true), Rows.row(MAIL + " 42"))
                .get(0);
        assertThat(row.content().text()).isEqualTo(REDACTED + " <NUMBER>");
    }

    @Test
    void everyTextOfAConversationIsReplaced() {
        SftData task = SftData.of(Rows.config("sft", REDACT));
        CleanRow<SftExample> row = Rows.clean(
                        task.reading(Rows.jsonLines("prompt", "completion"), files, true),
                        Rows.row("{\"prompt\": \"Who is bob@example.com?\", \"completion\": \"SSN 123-45-6780\"}"))
                .get(0);
        assertThat(row.badBecause()).isNull();
        assertThat(row.content().toString())
                .contains("<EMAIL_ADDRESS>", "<US_SSN>")
                .doesNotContain("bob", "6780");
        assertThat(row.changes().redacted()).isEqualTo(Map.of("EMAIL_ADDRESS", 1, "US_SSN", 1));
    }

    @Test
    void spansMoveWithTheText() {
        TaggedWords words = tagged("""
                {"text": "Mail bob@example.com or Ann Lee in Rome.",
                 "label": [[5, 20, "MAIL"], [24, 31, "PER"], [35, 39, "LOC"]]}""");
        assertThat(words.words().text()).isEqualTo("Mail <EMAIL_ADDRESS> or Ann Lee in Rome.");
        assertThat(words.words().list())
                .containsExactly("Mail", "<", "EMAIL", "_", "ADDRESS", ">", "or", "Ann", "Lee", "in", "Rome", ".");
        assertThat(words.tags())
                .containsExactly(
                        "O", "B-MAIL", "I-MAIL", "I-MAIL", "I-MAIL", "I-MAIL", "O", "B-PER", "I-PER", "O", "B-LOC",
                        "O");
    }

    @Test
    void wordsOfOneNumberBecomeOneWord() {
        TaggedWords words = tagged("""
                {"text": ["Call", "(650)", "253", "0000", "in", "Rome"],
                 "label": ["O", "O", "B-TEL", "I-TEL", "O", "B-LOC"]}""");
        assertThat(words.words().list()).containsExactly("Call", "<PHONE_NUMBER>", "in", "Rome");
        assertThat(words.tags()).containsExactly("O", "B-TEL", "O", "B-LOC");
    }

    private TaggedWords tagged(String row) {
        TokenClassificationData task = TokenClassificationData.of(Rows.config("token-classification", REDACT));
        CleanRow<TaggedWords> clean = Rows.clean(
                        task.reading(Rows.jsonLines("text", "label"), files, true), Rows.row(row))
                .get(0);
        assertThat(clean.badBecause()).isNull();
        return clean.content();
    }

    @Test
    void rowsToPredictAreRedactedAsInTraining() {
        ClassificationData task = ClassificationData.of(Rows.config("classification", REDACT));
        RawSource source = new RawSource() {
            private final Rows.Source rows = Rows.jsonLines("text");

            @Override
            public String key() {
                return rows.key();
            }

            @Override
            public String split() {
                return null;
            }

            @Override
            public String path() {
                return rows.path();
            }

            @Override
            public DataFormat format() {
                return rows.format();
            }

            @Override
            public List<String> columns() {
                return rows.columns();
            }
        };
        assertThat(Rows.clean(task.reading(source, files, false), Rows.row(MAIL))
                        .get(0)
                        .content()
                        .text())
                .isEqualTo(REDACTED);
    }

    @Test
    void entityAtTheLimitOfATextIsReplacedWhole() {
        Redaction redaction =
                Redaction.of(Rows.config("classification", REDACT).data().redact());
        TextCleaner cleaner = new TextCleaning(10, redaction).open(ModelSpans.none());
        List<String> texts = new ArrayList<>();
        for (String text : List.of("mail bob@example.com now", "ab bob@x.org", "ééééé bob@example.com")) {
            TextCleaner.Cleaned cleaned = cleaner.clean(text.getBytes(StandardCharsets.UTF_8));
            assertThat(cleaned.cut()).isTrue();
            assertThat(cleaned.utf8()).hasSizeLessThanOrEqualTo(10);
            texts.add(cleaned.text());
        }
        assertThat(texts).containsExactly("mail <EMAI", "ab <EMAIL_", "ééééé");
    }

    @Test
    void sourcesToTrainOnHaveTheColumnOfThePerson() throws IOException {
        Path key = Files.writeString(folder.resolve("key"), "0123456789abcdef");
        DataConfig data = Rows.config(
                        "classification",
                        "redact: {entities: [URL], operator: pseudonym, person: patient, key_file: " + key + "}")
                .data();
        assertThat(TextCleaning.person(data, Rows.jsonLines("text", "patient"))).contains("patient");
        assertThat(TextCleaning.person(data, Rows.jsonLines())).isEmpty();
        assertThatThrownBy(() -> TextCleaning.person(data, Rows.jsonLines("text")))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.redact.person: ")
                .hasMessageContaining("has no column patient, its columns are text");
        assertThatThrownBy(() -> TextCleaning.person(data, new Rows.Source("a", DataFormat.TEXT, List.of())))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.redact.person: a has no columns");
        assertThat(Redaction.of(data.redact()).options().person()).isEqualTo("patient");
    }

    @Test
    void optionsNameOperatorsAndTheKeysFingerprint() throws IOException {
        Path key = Files.writeString(folder.resolve("key"), "0123456789abcdef");
        DatasetOptions plain = ClassificationData.of(Rows.config("classification", "text: text"))
                .options(files);
        DatasetOptions options = ClassificationData.of(Rows.config(
                        "classification",
                        "redact: {entities: [US_SSN, URL], operators: {URL: hash}, key_file: " + key + "}"))
                .options(files);
        assertThat(plain.redact()).isNull();
        assertThat(options.redact().entities()).isEqualTo(Map.of("URL", "hash", "US_SSN", "replace"));
        assertThat(options.redact().keyFingerprint()).hasSize(16);
        assertThat(options).isNotEqualTo(plain);
        Files.writeString(key, "another key of 16 bytes or more");
        assertThat(ClassificationData.of(Rows.config(
                                "classification",
                                "redact: {entities: [US_SSN, URL], operators: {URL: hash}, key_file: " + key + "}"))
                        .options(files))
                .isNotEqualTo(options);
    }
}
