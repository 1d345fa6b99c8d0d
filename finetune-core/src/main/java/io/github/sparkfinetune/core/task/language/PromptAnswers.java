package io.github.sparkfinetune.core.task.language;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.generate.Generator;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.task.BlockwiseIterator;
import io.github.sparkfinetune.core.task.PredictionSettings;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** Answers to prompts by a language model, with the run's {@code generation} settings. */
final class PromptAnswers implements AutoCloseable {
    /** Number of batches of a block, in which texts of similar length share a batch. */
    static final int BATCHES = 4;

    private final Generator generator;
    private final TextTokenizer tokenizer;
    private final int batchSize;

    PromptAnswers(NDManager manager, Decoder model, PredictionSettings settings) {
        generator = new Generator(
                manager,
                model,
                settings.config().generation(),
                settings.tokenizer().special().endIds(),
                settings.config().training().seed(),
                settings.batchSize());
        tokenizer = TextTokenizer.open(settings.tokenizer());
        batchSize = settings.batchSize();
    }

    TextTokenizer tokenizer() {
        return tokenizer;
    }

    /** Returns the reason why a prompt cannot be answered, or empty. */
    Optional<String> refusal(int[] prompt) {
        return generator.refusal(prompt);
    }

    /** Returns the rows of inputs, in their order. */
    Iterator<DecoderTask.Predicted> predict(Iterator<TaskInput> inputs) {
        return new BlockwiseIterator<>(inputs, BATCHES * batchSize, this::predict);
    }

    private List<DecoderTask.Predicted> predict(List<TaskInput> block) {
        List<String> errors = block.stream().map(this::error).toList();
        List<Generator.Prompt> usable = new ArrayList<>();
        for (int i = 0; i < block.size(); i++) {
            if (errors.get(i) == null) {
                int[] ids = block.get(i).sample().inputIds();
                // Random draws depend on the prompt, not on the partitions of the source.
                usable.add(new Generator.Prompt(Arrays.hashCode(ids), ids));
            }
        }
        Iterator<String> answers = generate(usable).iterator();
        List<DecoderTask.Predicted> rows = new ArrayList<>();
        for (int i = 0; i < block.size(); i++) {
            TaskInput prompt = block.get(i);
            String error = errors.get(i);
            rows.add(new DecoderTask.Predicted(
                    prompt.index(),
                    prompt.file(),
                    prompt.text(),
                    prompt.reference(),
                    error == null ? answers.next() : null,
                    error));
        }
        return rows;
    }

    private String error(TaskInput prompt) {
        return prompt.error() != null
                ? prompt.error()
                : refusal(prompt.sample().inputIds()).orElse(null);
    }

    /** Returns the answers' texts without special tokens, in the order of the prompts. */
    List<String> generate(List<Generator.Prompt> prompts) {
        return generator.generate(prompts).stream().map(tokenizer::decode).toList();
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
