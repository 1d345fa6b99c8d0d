package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.generate.Generator;
import io.github.sparkfinetune.core.predict.TextPredictor;
import io.github.sparkfinetune.spark.prepare.TokenizedPrompt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import scala.Tuple2;

/** Answers prompts a block at a time. */
record PromptAnswering(TextPredictor predictor) {
    /** Batches of a block: prompts of like length share a batch. */
    private static final int BATCHES = 4;

    /** Prompts, by their place in the source, with their answers, in order. */
    Iterator<Row> of(Iterator<Tuple2<Long, TokenizedPrompt>> prompts, int batchSize) {
        return new BlockwiseIterator<>(prompts, BATCHES * batchSize, this::rows);
    }

    private List<Row> rows(List<Tuple2<Long, TokenizedPrompt>> block) {
        List<String> errors =
                block.stream().map(numbered -> error(numbered._2())).toList();
        List<Generator.Prompt> usable = new ArrayList<>();
        for (int i = 0; i < block.size(); i++) {
            if (errors.get(i) == null) {
                int[] ids = block.get(i)._2().inputIds();
                // What is drawn depends on the prompt, not on how the source was cut into partitions.
                usable.add(new Generator.Prompt(Arrays.hashCode(ids), ids));
            }
        }
        Iterator<String> answers = predictor.generate(usable).iterator();
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < block.size(); i++) {
            TokenizedPrompt prompt = block.get(i)._2();
            String error = errors.get(i);
            rows.add(RowFactory.create(
                    block.get(i)._1(),
                    prompt.file(),
                    prompt.text(),
                    prompt.reference(),
                    error == null ? answers.next() : null,
                    error));
        }
        return rows;
    }

    private String error(TokenizedPrompt prompt) {
        return prompt.badBecause() != null
                ? prompt.badBecause()
                : predictor.refusal(prompt.inputIds()).orElse(null);
    }
}
