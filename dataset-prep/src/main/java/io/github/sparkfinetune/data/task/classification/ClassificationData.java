package io.github.sparkfinetune.data.task.classification;

import io.github.sparkfinetune.conf.ClassificationConfig;
import io.github.sparkfinetune.conf.ClassificationConfig.ProblemType;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.Window;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.LabelNames;
import io.github.sparkfinetune.data.task.LabelReader;
import io.github.sparkfinetune.data.task.RawSource;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.TextRows;
import io.github.sparkfinetune.data.tokenizer.Encoded;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Task {@code classification}: each text, or pair of texts, is a sample. The kind of its label depends on
 * {@code classification.problem_type}: {@link SingleLabel}, {@link MultiLabel} or {@link NumberLabel}.
 *
 * <p>Bytes of a row: 1 byte whose bits say whether tokens were cut off and whether the text is included; 4 bytes of the
 * number of tokens; 4 bytes for each id; for pairs 1 byte for each token type; if the text is included, 4 bytes of its
 * length and {@link GivenText} in UTF-8; the bytes of its {@link Labelling}. Numbers have the machine's byte order.
 *
 * @param taught whether a teacher labels the training samples: their texts are kept, and they may lack a label
 */
public record ClassificationData(DataConfig data, ClassificationConfig classification, boolean taught)
        implements TaskData<TextRows.Content> {
    private static final int FLAGS = 0;
    private static final int TRUNCATED = 1;
    private static final int WITH_TEXT = 2;
    private static final int SIZE = 1;
    private static final int IDS = 5;

    public static ClassificationData of(RunConfig config) {
        return new ClassificationData(
                config.data(), config.classification(), config.teacher().teaches());
    }

    @Override
    public TokenizerFiles tokenizer(TokenizerFiles files) {
        return files.withPadding();
    }

    @Override
    public String text(TextRows.Content content) {
        return content.pair() == null ? content.text() : content.text() + "\n" + content.pair();
    }

    @Override
    public void check(TokenizerFiles files) {
        TextRows.refuseCorpus(data);
    }

    @Override
    public Reading<TextRows.Content> reading(RawSource source, TokenizerFiles files, boolean supervised) {
        return TextRows.reading(data, source, supervised ? labels(source) : null);
    }

    private LabelReader labels(RawSource source) {
        LabelReader reader = labelling().reader(source.format());
        if (!taught || !Manifest.TRAIN.equals(source.split())) {
            return reader;
        }
        boolean isListed = source.columns().isEmpty() || source.columns().contains(data.label());
        return new OptionalLabel(reader, source.format().hasLabels() && isListed);
    }

    @Override
    public Map<String, Long> rowsPerLabel(Map<String, Long> strata, Map<String, Long> found) {
        return labelling().rowsPerLabel(strata, found);
    }

    @Override
    public List<String> labelNames(Collection<String> found) {
        List<String> names = labelling().names(found);
        if (classification.classWeight() != null) {
            classification.classWeight().requireKnown(names);
        }
        return names;
    }

    @Override
    public Encoder<TextRows.Content> encoder(
            TextTokenizer tokenizer, TokenizerFiles files, String key, List<String> labels) {
        return new RowEncoder(tokenizer, key, labels);
    }

    private final class RowEncoder implements Encoder<TextRows.Content> {
        private final TextTokenizer tokenizer;
        private final String key;
        private final Labelling labelling = labelling();
        private final Map<String, Integer> ids;

        RowEncoder(TextTokenizer tokenizer, String key, List<String> labels) {
            this.tokenizer = tokenizer;
            this.key = key;
            this.ids = LabelNames.ids(labels);
        }

        @Override
        public byte[] encode(CleanRow<TextRows.Content> row) {
            return taught ? encodeHeldOut(row) : encode(row, null);
        }

        @Override
        public byte[] encodeHeldOut(CleanRow<TextRows.Content> row) {
            TextRows.Content content = row.content();
            return encode(row, GivenText.of(content.text(), content.pair(), data.maxLength()));
        }

        private byte[] encode(CleanRow<TextRows.Content> row, GivenText givenOrNull) {
            Encoded encoded =
                    tokenizer.encode(row.content().text(), row.content().pair(), data.maxLength());
            if (encoded.inputIds().length == 0) {
                throw RunException.data(key + ": " + row.file() + " has a text that gives no token: remove it");
            }
            byte[] text =
                    givenOrNull == null ? new byte[0] : givenOrNull.toJson().getBytes(StandardCharsets.UTF_8);
            return bytes(encoded, text, labelling.bytes(row, ids));
        }
    }

    private byte[] bytes(Encoded encoded, byte[] given, byte[] label) {
        int[] ids = encoded.inputIds();
        int tokens = ids.length * (pairs() ? Integer.BYTES + 1 : Integer.BYTES);
        int text = given.length == 0 ? 0 : Integer.BYTES + given.length;
        ByteBuffer row = ByteBuffer.allocate(IDS + tokens + text + label.length).order(ByteOrder.nativeOrder());
        row.put(FLAGS, (byte) ((encoded.truncated() ? TRUNCATED : 0) | (given.length == 0 ? 0 : WITH_TEXT)))
                .putInt(SIZE, ids.length)
                .position(IDS);
        row.asIntBuffer().put(ids);
        row.position(IDS + Integer.BYTES * ids.length);
        if (pairs()) {
            for (int type : encoded.tokenTypeIds()) {
                row.put((byte) type);
            }
        }
        if (given.length > 0) {
            row.putInt(given.length).put(given);
        }
        return row.put(label).array();
    }

    @Override
    public SampleSink sink(SampleOutput output, List<String> labels) {
        return new Sink(output, labels);
    }

    /** Makes each row a sample. */
    private final class Sink implements SampleSink {
        private final SampleOutput output;
        private final SampleCounts counts;
        private final Labelling labelling = labelling();
        private final Map<String, Integer> ids;

        Sink(SampleOutput output, List<String> labels) {
            this.output = output;
            this.counts = new SampleCounts(labels.size(), false);
            this.ids = LabelNames.ids(labels);
        }

        @Override
        public void add(byte[] row, String stratum) throws IOException {
            ByteBuffer bytes = ByteBuffer.wrap(row).order(ByteOrder.nativeOrder());
            int[] inputIds = new int[bytes.getInt(SIZE)];
            bytes.position(IDS).asIntBuffer().get(inputIds);
            bytes.position(IDS + Integer.BYTES * inputIds.length);
            int[] types = new int[inputIds.length];
            for (int i = 0; pairs() && i < types.length; i++) {
                types[i] = bytes.get();
            }
            byte[] given = new byte[(row[FLAGS] & WITH_TEXT) == 0 ? 0 : bytes.getInt()];
            bytes.get(given);
            // The index is the row's place in the split, so the file does not store it.
            Sample text = new Sample(0, inputIds, types, -1);
            Sample sample = labelling.sample(text, bytes, stratum, ids);
            output.write(given.length == 0 ? sample : sample.with(shown(given)));
            counts.row((row[FLAGS] & TRUNCATED) != 0);
            counts.sample(sample, 0, labelling.labels(sample));
        }

        private static Window shown(byte[] given) {
            return new Window(0, new int[0], new int[0], new String(given, StandardCharsets.UTF_8));
        }

        @Override
        public SampleCounts finish() {
            return counts;
        }
    }

    @Override
    public SampleSchema schema() {
        SampleSchema schema = SampleSchema.ofText(pairs(), labelling().column());
        return taught ? schema.with(SampleSchema.Column.ROW) : schema;
    }

    @Override
    public SampleSchema heldOutSchema() {
        return schema().with(SampleSchema.Column.ROW);
    }

    @Override
    public SampleSchema readWhileTraining() {
        return SampleSchema.allBut(Set.of(SampleSchema.Column.ROW));
    }

    @Override
    public Sample forTeacher(Sample sample, TextTokenizer teacher, int maxLength) {
        GivenText given = GivenText.of(sample.window().row());
        Encoded encoded = teacher.encode(given.text(), given.pair(), maxLength);
        return new Sample(sample.index(), encoded.inputIds(), encoded.tokenTypeIds(), -1);
    }

    @Override
    public DatasetOptions options(TokenizerFiles files) {
        ProblemType problem = classification.problemType();
        DatasetOptions options = DatasetOptions.of(data, files)
                .withColumns(data.text(), data.textPair(), data.label())
                .withProblemType(
                        problem == ProblemType.SINGLE_LABEL_CLASSIFICATION
                                ? null
                                : problem.name().toLowerCase(Locale.ROOT));
        return taught ? options.withTeacher() : options;
    }

    @Override
    public Function<CleanRow<TextRows.Content>, TaskInput> usableInputs(TextTokenizer tokenizer, TokenizerFiles files) {
        return row -> {
            String text = row.content().text();
            String pair = row.content().pair();
            Encoded encoded = tokenizer.encode(text, pair, data.maxLength());
            return TaskInput.text(
                    row.file(), text, pair, new Sample(0, encoded.inputIds(), encoded.tokenTypeIds(), -1));
        };
    }

    @Override
    public int[] labels(Sample sample) {
        return labelling().labels(sample);
    }

    private Labelling labelling() {
        return Labelling.of(classification.problemType());
    }

    private boolean pairs() {
        return data.textPair() != null;
    }
}
