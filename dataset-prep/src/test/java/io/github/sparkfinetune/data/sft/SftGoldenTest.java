package io.github.sparkfinetune.data.sft;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.Overlong;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.pack.DocumentPacker;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Tokens, labels and packing equal the output of TRL's {@code SFTTrainer}. */
class SftGoldenTest {
    private static final Map<String, SftLoss> KINDS = Map.of(
            "assistant_only", new SftLoss(true, true),
            "full", new SftLoss(true, false),
            "completion_only", new SftLoss(true, false),
            "completion_only_messages", new SftLoss(true, false),
            "completion_and_assistant_only_messages", new SftLoss(true, true));

    private final JsonNode golden = GoldenFolder.json("text/sft.json");
    private final int maxLength = golden.get("max_length").asInt();

    SftGoldenTest() throws IOException {}

    @TestFactory
    List<DynamicTest> encodesAsTrl() {
        List<DynamicTest> tests = new ArrayList<>();
        int number = 0;
        for (JsonNode test : golden.get("cases")) {
            String kind = test.get("kind").asText();
            tests.add(DynamicTest.dynamicTest(kind + " " + number++, () -> {
                Document document = encode(test.get("input"), KINDS.get(kind)).limited(maxLength, Overlong.TRUNCATE);
                assertThat(document.inputIds()).isEqualTo(GoldenFolder.ints(test.get("input_ids")));
                assertThat(document.labels()).isEqualTo(GoldenFolder.ints(test.get("labels")));
            }));
        }
        assertThat(tests).isNotEmpty();
        return tests;
    }

    @Test
    void packsConversationsAsTrl() throws IOException, UnusableRowException {
        List<Sample> samples = new ArrayList<>();
        DocumentPacker packer = DocumentPacker.of(Packing.BFD, maxLength, samples::add);
        for (JsonNode test : golden.get("cases")) {
            if (test.get("kind").asText().equals("assistant_only")) {
                packer.add(encode(test.get("input"), SftLoss.of(true)).limited(maxLength, Overlong.TRUNCATE));
            }
        }
        packer.finish();
        List<Sample> expected = new ArrayList<>();
        for (JsonNode sample : golden.get("packed_assistant_only")) {
            expected.add(Sample.ofDocuments(
                    0,
                    GoldenFolder.ints(sample.get("input_ids")),
                    GoldenFolder.ints(sample.get("labels")),
                    GoldenFolder.ints(sample.get("seq_lengths"))));
        }
        // Samples are in the order of their first document here, fullest first in TRL.
        Comparator<Sample> byContent = Comparator.comparing(sample -> java.util.Arrays.toString(sample.inputIds()));
        assertThat(samples.stream().sorted(byContent).toList())
                .isEqualTo(expected.stream().sorted(byContent).toList());
    }

    private Document encode(JsonNode input, SftLoss loss) throws IOException, UnusableRowException {
        ObjectNode row = new ObjectMapper().createObjectNode();
        SftColumns columns = input.isArray() ? SftColumns.MESSAGES : SftColumns.PROMPT;
        if (input.isArray()) {
            row.set("messages", input);
        } else {
            row.setAll((ObjectNode) input);
        }
        SftExample example = new SftRecords(columns, true, UnaryOperator.identity()).read(row.toString());
        TokenizerFiles files = GoldenFolder.tokenizer(golden.get("tokenizer").asText())
                .withChatTemplate(golden.get("chat_template").asText());
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            return new SftEncoder(tokenizer, files, "golden", loss).encode(example);
        }
    }
}
