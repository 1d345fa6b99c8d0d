package io.github.sparkfinetune.conf;

import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;

/**
 * Text generation settings, under the names of Hugging Face's {@code GenerationConfig}.
 *
 * @param maxNewTokens most tokens of an answer
 * @param doSample whether tokens are sampled; false: the most likely token is taken
 * @param temperature divisor of the logits before sampling
 * @param topK number of most likely tokens to sample from; 0: all
 * @param topP probability mass of the most likely tokens to sample from; 1: all
 * @param repetitionPenalty divisor of the positive logits, and factor of the negative logits, of tokens that have
 *     occurred; 1: none
 * @param promptLookupNumTokens most tokens that are taken from the prompt and checked together, which is faster if
 *     answers repeat parts of their prompt, and changes no answer; 0: none
 * @param evalSamples sft with assistant_only_loss: held-out samples for which evaluation generates an answer and
 *     compares it
 */
public record GenerationConfig(
        @Key(mayChange = true) int maxNewTokens,
        @Key(mayChange = true) boolean doSample,
        @Key(mayChange = true) double temperature,
        @Key(mayChange = true) int topK,
        @Key(mayChange = true) double topP,
        @Key(mayChange = true) double repetitionPenalty,
        @Key(mayChange = true) int promptLookupNumTokens,
        @Key(mayChange = true, hf = Key.NOT_IN_HF) int evalSamples)
        implements Serializable {

    public GenerationConfig {
        Check.that(maxNewTokens >= 1, "generation.max_new_tokens", maxNewTokens, "at least 1");
        Check.that(temperature > 0, "generation.temperature", temperature, "above 0");
        Check.that(topK >= 0, "generation.top_k", topK, "at least 0");
        Check.that(topP > 0 && topP <= 1, "generation.top_p", topP, "in (0, 1]");
        Check.that(repetitionPenalty > 0, "generation.repetition_penalty", repetitionPenalty, "above 0");
        Check.that(
                promptLookupNumTokens >= 0, "generation.prompt_lookup_num_tokens", promptLookupNumTokens, "at least 0");
        Check.that(evalSamples >= 0, "generation.eval_samples", evalSamples, "at least 0");
    }
}
