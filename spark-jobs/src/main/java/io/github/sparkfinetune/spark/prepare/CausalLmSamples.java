package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataConfig.Packing;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.SampleColumns;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.pack.DocumentPacker;
import io.github.sparkfinetune.data.task.CausalLmEncoder;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import org.apache.spark.sql.SparkSession;

/** A text is a document, every token of it is learnt. */
record CausalLmSamples(DataConfig data) implements TaskSamples<CleanText> {

    static CausalLmSamples of(RunConfig config, TokenizerFiles tokenizer) {
        if (tokenizer.eosTokenId() < 0) {
            throw RunException.data(config.model() + ": neither tokenizer_config.json (eos_token) nor config.json"
                    + " (eos_token_id) names the token that ends a text: add it");
        }
        return new CausalLmSamples(config.data());
    }

    @Override
    public boolean labelled() {
        return false;
    }

    @Override
    public SourceReader<CleanText> reader(SparkSession spark, TokenizerFiles files) {
        return new TextReader(spark, data, false);
    }

    @Override
    public Encoder<CleanText> encoder(TextTokenizer tokenizer, TokenizerFiles files, String key) {
        CausalLmEncoder encoder = new CausalLmEncoder(tokenizer, files.eosTokenId());
        // Wrapped packing has a place for every token.
        int limit = data.packing() == Packing.WRAPPED ? Integer.MAX_VALUE : data.maxLength();
        return (row, source) -> {
            Document document = encoder.encode(row.content().text(), limit).limited(limit, data.overlong());
            return ShuffledSample.value(source, document, true);
        };
    }

    @Override
    public SampleSink sink(DocumentPacker.Output output, int labels) {
        return new DocumentSink(data, output, labels);
    }

    @Override
    public SampleColumns columns() {
        return SampleColumns.ofDocuments(true);
    }
}
