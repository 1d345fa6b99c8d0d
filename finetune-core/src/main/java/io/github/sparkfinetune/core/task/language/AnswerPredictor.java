package io.github.sparkfinetune.core.task.language;

import io.github.sparkfinetune.core.generate.Generator;
import io.github.sparkfinetune.core.metric.Rouge;
import io.github.sparkfinetune.core.task.BlockwiseIterator;
import io.github.sparkfinetune.core.task.PredictionSettings;
import io.github.sparkfinetune.core.task.TaskPredictor;
import io.github.sparkfinetune.core.task.TokenLoss;
import io.github.sparkfinetune.data.dataset.Prompts;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Losses of texts and answers to prompts by a language model, with the run's {@code generation} settings. */
final class AnswerPredictor implements TaskPredictor {
    /** Number of batches of a block, in which texts of similar length share a batch. */
    private static final int BATCHES = PromptAnswers.BATCHES;

    private final LanguageModel model;
    private final PromptAnswers answers;
    private final TextTokenizer tokenizer;
    private final PredictionSettings settings;
    private final Rouge rouge = new Rouge(true);

    AnswerPredictor(LanguageModel model, PromptAnswers answers, PredictionSettings settings) {
        this.model = model;
        this.answers = answers;
        this.tokenizer = answers.tokenizer();
        this.settings = settings;
    }

    @Override
    public Iterator<LanguageModelTask.Evaluated> evaluate(
            SampleSource split, List<String> labels, int part, int parts) {
        int prompts = settings.config().generation().evalSamples();
        return new BlockwiseIterator<>(
                PromptSelection.part(split, part, parts, prompts, answers::refusal),
                BATCHES * settings.batchSize(),
                this::evaluate);
    }

    private List<LanguageModelTask.Evaluated> evaluate(List<PromptSelection> block) {
        List<List<TokenLoss>> losses =
                model.losses(block.stream().map(PromptSelection::sample).toList(), settings.batchSize());
        Map<Long, String> generated = generated(block);
        List<LanguageModelTask.Evaluated> rows = new ArrayList<>();
        for (int i = 0; i < block.size(); i++) {
            Sample sample = block.get(i).sample();
            Map<Integer, Prompts.Prompt> prompts = Prompts.of(sample).stream()
                    .collect(Collectors.toMap(Prompts.Prompt::document, Function.identity()));
            for (int document = 0; document < sample.documents().length; document++) {
                rows.add(row(
                        sample.index(),
                        document,
                        prompts.get(document),
                        generated.get(block.get(i).asked().get(document)),
                        losses.get(i).get(document)));
            }
        }
        return rows;
    }

    /** Returns the answers by the number of their prompt. */
    private Map<Long, String> generated(List<PromptSelection> block) {
        List<Generator.Prompt> prompts = new ArrayList<>();
        for (PromptSelection asked : block) {
            for (Prompts.Prompt prompt : Prompts.of(asked.sample())) {
                Long number = asked.asked().get(prompt.document());
                if (number != null) {
                    prompts.add(new Generator.Prompt(number, prompt.inputIds()));
                }
            }
        }
        List<String> generated = answers.generate(prompts);
        Map<Long, String> byNumber = new HashMap<>();
        for (int i = 0; i < prompts.size(); i++) {
            byNumber.put(prompts.get(i).sample(), generated.get(i));
        }
        return byNumber;
    }

    private LanguageModelTask.Evaluated row(
            long index, int document, Prompts.Prompt prompt, String generated, TokenLoss loss) {
        String reference = prompt == null ? null : tokenizer.decode(prompt.answerIds());
        Rouge.Scores scores = generated == null ? null : rouge.score(reference, generated);
        return new LanguageModelTask.Evaluated(
                index,
                document,
                prompt == null ? null : tokenizer.decodeWhole(prompt.inputIds()),
                reference,
                generated,
                loss.tokens() == 0 ? null : (Double) (loss.sum() / loss.tokens()),
                loss.tokens(),
                scores == null ? null : (Double) scores.rouge1().f1(),
                scores == null ? null : (Double) scores.rouge2().f1(),
                scores == null ? null : (Double) scores.rougeL().f1());
    }

    @Override
    public Iterator<DecoderTask.Predicted> predict(Iterator<TaskInput> inputs) {
        return answers.predict(inputs);
    }

    @Override
    public void close() {
        answers.close();
    }
}
