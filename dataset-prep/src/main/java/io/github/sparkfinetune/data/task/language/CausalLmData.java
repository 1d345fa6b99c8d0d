package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.TextRows;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * Task {@code causal-lm}: each text is a document, and every token of it is trained. The tokens are those of
 * {@code tokenizer(text)} and the token that ends a text, unless it is the last already (TRL's {@code add_eos}).
 *
 * @param model name of the model in messages
 */
public record CausalLmData(String model, DataConfig data) implements DocumentData {

    public static CausalLmData of(RunConfig config) {
        return new CausalLmData(config.model(), config.data());
    }

    @Override
    public void check(TokenizerFiles files) {
        TextRows.refusePair(data);
        if (files.special().eosId() < 0) {
            throw RunException.data(model + ": neither tokenizer_config.json (eos_token) nor config.json"
                    + " (eos_token_id) names the token that ends a text: add it");
        }
    }

    @Override
    public Encoder<TextRows.Content> encoder(
            TextTokenizer tokenizer, TokenizerFiles files, String key, List<String> labels) {
        int limit = DocumentSamples.limit(data);
        return row -> DocumentSamples.bytes(
                document(tokenizer, files.special().eosId(), row.content().text(), limit)
                        .limited(limit, data.overlong()),
                true);
    }

    /**
     * Tokenizes a text as a document.
     *
     * @param eosTokenId id of the token that ends a text
     * @param enough number of tokens that the caller needs; the result for a longer text is a prefix with more tokens
     *     than that
     */
    static Document document(TextTokenizer tokenizer, int eosTokenId, String text, int enough) {
        int[] ids = tokenizer.encodeDocument(text, enough);
        if (ids.length == 0 || ids[ids.length - 1] != eosTokenId) {
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = eosTokenId;
        }
        return new Document(ids, ids);
    }

    @Override
    public SampleSink sink(SampleOutput output, List<String> labels) {
        return new DocumentSamples(data, output);
    }

    @Override
    public Set<Integer> endTokenIds(TokenizerFiles files) {
        return Set.of(files.special().eosId());
    }

    @Override
    public Function<CleanRow<TextRows.Content>, TaskInput> usableInputs(TextTokenizer tokenizer, TokenizerFiles files) {
        return row -> {
            String text = row.content().text();
            int[] ids = tokenizer.encodeDocument(text, Integer.MAX_VALUE);
            return ids.length == 0
                    ? TaskInput.bad(row.file(), UnusableRowException.EMPTY)
                    : TaskInput.prompt(row.file(), text, ids, null);
        };
    }
}
