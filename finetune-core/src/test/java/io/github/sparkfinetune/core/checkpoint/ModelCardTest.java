package io.github.sparkfinetune.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelCardTest {
    private static ModelCard card(String base, String... data) {
        return new ModelCard(
                base,
                new ModelCard.Usage("text-classification", "model(\"some text\")"),
                "BertForSequenceClassification",
                List.of(data),
                Map.of(),
                Map.of(),
                Map.of());
    }

    @ParameterizedTest
    @CsvSource({
        "hdfs://namenode.acme:8020/user/jane/models/llama-8b, llama-8b",
        "s3a://acme-secret-bucket/mails/2026/*/, 2026",
        "file:/home/jane/mails.jsonl, mails.jsonl",
        "meta-llama/Llama-3.1-8B, meta-llama/Llama-3.1-8B",
        "table:acme.mails, table:acme.mails"
    })
    void showsOnlyTheLastPartOfAnAddress(String address, String name) {
        assertThat(ModelCard.nameOf(address)).isEqualTo(name);
    }

    @Test
    void namesNoHostBucketOrUser() {
        ModelCard card = card(
                "hdfs://namenode.acme:8020/user/jane/models/minilm",
                "s3a://acme-secret-bucket/mails.jsonl",
                "file:/home/jane/more.jsonl");

        for (String text : List.of(card.toMarkdown(), card.toAdapterMarkdown())) {
            assertThat(text)
                    .contains("Fine-tuned from `minilm`", "Data: mails.jsonl, more.jsonl.")
                    .doesNotContain("acme", "jane", "hdfs:", "s3a:", "file:");
        }
        assertThat(card.toAdapterMarkdown()).contains("from_pretrained(\"path/to/minilm\")");
        assertThat(card("acme/minilm").toAdapterMarkdown()).contains("from_pretrained(\"acme/minilm\")");
    }
}
