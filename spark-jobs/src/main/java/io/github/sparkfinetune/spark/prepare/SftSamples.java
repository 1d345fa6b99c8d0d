package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.SampleColumns;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.pack.DocumentPacker;
import io.github.sparkfinetune.data.sft.SftEncoder;
import io.github.sparkfinetune.data.sft.SftExample;
import io.github.sparkfinetune.data.sft.SftLoss;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import org.apache.spark.sql.SparkSession;

/**
 * A conversation is a document, of which the answers are learnt.
 *
 * @param template what messages call the chat template
 */
record SftSamples(DataConfig data, String template) implements TaskSamples<SftExample> {

    static SftSamples of(RunConfig config) {
        String template = config.data().chatTemplate();
        return new SftSamples(config.data(), template == null ? config.model() : template);
    }

    SftEncoder encoder(TextTokenizer tokenizer, TokenizerFiles files) {
        return new SftEncoder(tokenizer, files, template, SftLoss.of(data.assistantOnlyLoss()));
    }

    @Override
    public boolean labelled() {
        return false;
    }

    @Override
    public SourceReader<SftExample> reader(SparkSession spark, TokenizerFiles files) {
        return new ConversationReader(spark, true, data.maxTextBytes(), () -> {
            try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
                encoder(tokenizer, files).check();
            }
        });
    }

    /** Reads sources whose answers may be missing. */
    SourceReader<SftExample> prompts(SparkSession spark, TokenizerFiles files) {
        return new ConversationReader(spark, false, data.maxTextBytes(), () -> {
            try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
                encoder(tokenizer, files).checkPrompt();
            }
        });
    }

    @Override
    public Encoder<SftExample> encoder(TextTokenizer tokenizer, TokenizerFiles files, String key) {
        SftEncoder encoder = encoder(tokenizer, files);
        return (row, source) -> {
            Document document;
            try {
                document = encoder.encode(row.content());
            } catch (RunException e) {
                throw RunException.data(key + ": " + row.file() + ": " + e.getMessage(), e);
            }
            return ShuffledSample.value(
                    source, document.limited(data.maxLength(), data.overlong()), !data.assistantOnlyLoss());
        };
    }

    @Override
    public SampleSink sink(DocumentPacker.Output output, int labels) {
        return new DocumentSink(data, output, labels);
    }

    @Override
    public SampleColumns columns() {
        return SampleColumns.ofDocuments(!data.assistantOnlyLoss());
    }
}
