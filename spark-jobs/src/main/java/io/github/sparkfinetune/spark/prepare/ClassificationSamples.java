package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleColumns;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.pack.DocumentPacker;
import io.github.sparkfinetune.data.tokenizer.Encoded;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import org.apache.spark.sql.SparkSession;

/** A text, or a pair of texts, with one label is a sample. */
record ClassificationSamples(DataConfig data) implements TaskSamples<CleanText> {

    @Override
    public boolean labelled() {
        return true;
    }

    @Override
    public SourceReader<CleanText> reader(SparkSession spark, TokenizerFiles files) {
        return new TextReader(spark, data, true);
    }

    @Override
    public Encoder<CleanText> encoder(TextTokenizer tokenizer, TokenizerFiles files, String key) {
        return (row, source) -> {
            Encoded encoded =
                    tokenizer.encode(row.content().text(), row.content().pair(), data.maxLength());
            if (encoded.inputIds().length == 0) {
                throw RunException.data(key + ": " + row.file() + " has a text that gives no token: remove it");
            }
            return ShuffledSample.value(source, encoded, pairs());
        };
    }

    @Override
    public SampleSink sink(DocumentPacker.Output output, int labels) {
        SampleCounts counts = new SampleCounts(labels, false);
        return new SampleSink() {
            @Override
            public void add(byte[] value, int label) throws IOException {
                Encoded encoded = ShuffledSample.encoded(value, pairs());
                // The index is the row's place in the split; the file itself need not hold it.
                Sample sample = new Sample(0, encoded.inputIds(), encoded.tokenTypeIds(), label);
                output.write(sample);
                counts.taken++;
                counts.truncated += encoded.truncated() ? 1 : 0;
                counts.add(sample);
            }

            @Override
            public SampleCounts finish() {
                return counts;
            }
        };
    }

    @Override
    public SampleColumns columns() {
        return SampleColumns.ofText(pairs());
    }

    private boolean pairs() {
        return data.textPair() != null;
    }
}
