package io.github.sparkfinetune.conf;

import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;
import java.util.List;

/**
 * Changes to the model's tokenizer.
 *
 * @param addSpecialTokens special tokens to add; each new token gets a row in the embeddings, which are then saved with
 *     the model
 */
public record TokenizerConfig(
        @Key(hf = "PreTrainedTokenizerBase") List<String> addSpecialTokens) implements Serializable {

    public TokenizerConfig {
        Check.present("tokenizer.add_special_tokens", addSpecialTokens);
        addSpecialTokens = List.copyOf(addSpecialTokens);
        Check.that(
                addSpecialTokens.stream().noneMatch(String::isBlank),
                "tokenizer.add_special_tokens",
                addSpecialTokens,
                "a list of texts that are not blank");
    }
}
