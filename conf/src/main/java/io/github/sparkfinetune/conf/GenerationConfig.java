package io.github.sparkfinetune.conf;

import java.io.Serializable;

/**
 * How text is generated, under the names of Hugging Face's {@code GenerationConfig}.
 *
 * @param maxNewTokens tokens after which an answer ends, if no end token came before
 * @param doSample whether tokens are drawn; else the likeliest is taken
 * @param temperature logits are divided by it before drawing
 * @param topK tokens that are drawn from, 0 for all
 * @param topP share of the probability that is drawn from, 1 for all
 * @param repetitionPenalty logits of tokens that were there before are divided by it where positive, else multiplied; 1
 *     for none
 * @param evalSamples held-out samples whose answer is generated and compared by the evaluation; 0 for none
 */
public record GenerationConfig(
        int maxNewTokens,
        boolean doSample,
        double temperature,
        int topK,
        double topP,
        double repetitionPenalty,
        int evalSamples)
        implements Serializable {

    public GenerationConfig {
        Check.that(maxNewTokens >= 1, "generation.max_new_tokens", maxNewTokens, "at least 1");
        Check.that(temperature > 0, "generation.temperature", temperature, "above 0");
        Check.that(topK >= 0, "generation.top_k", topK, "at least 0");
        Check.that(topP > 0 && topP <= 1, "generation.top_p", topP, "in (0, 1]");
        Check.that(repetitionPenalty > 0, "generation.repetition_penalty", repetitionPenalty, "above 0");
        Check.that(evalSamples >= 0, "generation.eval_samples", evalSamples, "at least 0");
    }
}
