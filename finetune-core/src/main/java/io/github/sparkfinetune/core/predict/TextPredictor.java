package io.github.sparkfinetune.core.predict;

import io.github.sparkfinetune.core.generate.Generator;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.List;
import java.util.Optional;

/** Answers prompts with a {@link Predictor}'s model, as {@code generation} of its run says. */
public final class TextPredictor {
    private final Generator generator;
    private final TextTokenizer tokenizer;

    TextPredictor(Generator generator, TextTokenizer tokenizer) {
        this.generator = generator;
        this.tokenizer = tokenizer;
    }

    /** Why a prompt can not be answered, e.g. because it leaves no room for {@code max_new_tokens}; empty if it can. */
    public Optional<String> refusal(int[] prompt) {
        return generator.refusal(prompt);
    }

    /**
     * The answers' texts, special tokens left out, in the order of the prompts.
     *
     * @param prompts none that is refused
     */
    public List<String> generate(List<Generator.Prompt> prompts) {
        return generator.generate(prompts).stream().map(tokenizer::decode).toList();
    }

    /** The text of tokens, special tokens left out. */
    public String text(int[] tokens) {
        return tokenizer.decode(tokens);
    }

    /** The text of tokens as the model reads it, special tokens included. */
    public String wholeText(int[] tokens) {
        return tokenizer.decodeWhole(tokens);
    }
}
