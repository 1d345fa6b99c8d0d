package io.github.sparkfinetune.data.task;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.SampleSchema;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/** A made-up task: a list of words with a tag each, cut into overlapping windows, each of which is a sample. */
public record WordTags(DataConfig data) implements TaskData<JsonNode> {
    /** Words of a window. */
    public static final int WINDOW = 4;

    private static final int STRIDE = 2;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Windows of a row. */
    public static int windows(int words) {
        return 1 + Math.max(0, words - WINDOW + STRIDE - 1) / STRIDE;
    }

    @Override
    public void check(TokenizerFiles files) {
        // Any will do.
    }

    @Override
    public Reading<JsonNode> reading(RawSource source, TokenizerFiles files, boolean supervised) {
        return new Reading.JsonObjects<>(List.of("words", "tags"), () -> {
            ContentHash.Digest digest = new ContentHash.Digest();
            return row -> clean(row, digest);
        });
    }

    private static CleanRow<JsonNode> clean(RawRow row, ContentHash.Digest digest) {
        JsonNode json;
        try {
            json = JSON.readTree(row.text(0));
        } catch (JsonProcessingException e) {
            return CleanRow.bad(row.file(), UnusableRowException.MALFORMED);
        }
        if (json.get("words").size() != json.get("tags").size()) {
            return CleanRow.bad(row.file(), "uneven_tags");
        }
        Set<String> labels = new TreeSet<>();
        json.get("tags").forEach(tag -> labels.add(tag.asText()));
        ContentHash hash = digest.of(
                bytes(json.get("words").toString()), bytes(json.get("tags").toString()));
        return new CleanRow<>(json, CleanRow.ALL, labels, row.file(), hash, false, false, null);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public Encoder<JsonNode> encoder(TextTokenizer tokenizer, TokenizerFiles files, String key, List<String> labels) {
        return row -> {
            JsonNode words = row.content().get("words");
            ByteBuffer bytes = ByteBuffer.allocate(1 + 2 * Integer.BYTES * words.size());
            bytes.position(1);
            words.forEach(word -> bytes.putInt(tokenizer.encodePlain(word.asText())[0]));
            row.content().get("tags").forEach(tag -> bytes.putInt(labels.indexOf(tag.asText())));
            return bytes.array();
        };
    }

    @Override
    public SampleSink sink(SampleOutput output, List<String> labels) {
        SampleCounts counts = new SampleCounts(labels.size(), false);
        return new SampleSink() {
            @Override
            public void add(byte[] row, String stratum) throws IOException {
                counts.row(false);
                int[] values = new int[(row.length - 1) / Integer.BYTES];
                ByteBuffer.wrap(row, 1, row.length - 1).asIntBuffer().get(values);
                int words = values.length / 2;
                for (int window = 0; window < windows(words); window++) {
                    int from = window * STRIDE;
                    int to = Math.min(from + WINDOW, words);
                    Sample sample = new Sample(0, Arrays.copyOfRange(values, from, to), new int[to - from], -1)
                            .withLabels(Arrays.copyOfRange(values, words + from, words + to));
                    output.write(sample);
                    counts.sample(sample, 0);
                }
            }

            @Override
            public SampleCounts finish() {
                return counts;
            }
        };
    }

    @Override
    public SampleSchema schema() {
        return new SampleSchema(Set.of(SampleSchema.Column.INPUT_IDS, SampleSchema.Column.LABELS));
    }

    @Override
    public DatasetOptions options(TokenizerFiles files) {
        return DatasetOptions.of(data, files);
    }

    @Override
    public Function<CleanRow<JsonNode>, TaskInput> inputs(TextTokenizer tokenizer, TokenizerFiles files) {
        throw new UnsupportedOperationException("nothing is predicted");
    }
}
