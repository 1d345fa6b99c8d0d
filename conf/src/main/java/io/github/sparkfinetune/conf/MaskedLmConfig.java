package io.github.sparkfinetune.conf;

import io.github.sparkfinetune.conf.key.Check;
import java.io.Serializable;

/**
 * Choice of the tokens that task {@code masked-lm} masks, under the names of Hugging Face's data collator.
 *
 * @param mlmProbability fraction of the tokens that are predicted; 80 % of them are replaced by the mask token, 10 % by
 *     a random token, 10 % are unchanged
 * @param wholeWordMask whether whole words are masked instead of single tokens
 */
public record MaskedLmConfig(double mlmProbability, boolean wholeWordMask) implements Serializable {

    public MaskedLmConfig {
        Check.that(mlmProbability > 0 && mlmProbability < 1, "masked_lm.mlm_probability", mlmProbability, "in (0, 1)");
    }
}
