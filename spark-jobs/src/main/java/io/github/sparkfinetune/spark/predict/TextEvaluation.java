package io.github.sparkfinetune.spark.predict;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.sum;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.generate.Generator;
import io.github.sparkfinetune.core.metric.Perplexity;
import io.github.sparkfinetune.core.metric.Rouge;
import io.github.sparkfinetune.core.predict.LossPredictor;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.predict.TextPredictor;
import io.github.sparkfinetune.core.predict.TokenLoss;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.ParquetSamples;
import io.github.sparkfinetune.data.dataset.Prompts;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Measures a language model, and the base model that it was trained from: a row a document.
 *
 * <p>Columns: {@code index} (place of the sample in the split), {@code document} (place in the sample), {@code prompt}
 * (special tokens included), {@code reference} (the answer in the data), {@code generated} (the model's, for the first
 * {@code generation.eval_samples} prompts), {@code loss} (mean cross-entropy of the tokens that are learnt),
 * {@code tokens} (how many these are), {@code rouge1}, {@code rouge2}, {@code rougeL} (F-measures of stemmed words, as
 * in the summarization example of {@code transformers}). What there is none of is null.
 */
final class TextEvaluation {
    private static final List<String> ROUGE = List.of("rouge1", "rouge2", "rougeL");
    /** Answers that are shown in the report. */
    private static final int SHOWN = 8;
    /** Batches computed between two looks for whether the task was cancelled. */
    private static final int BATCHES = 4;

    private static final StructType SCHEMA = new StructType()
            .add("index", DataTypes.LongType, false)
            .add("document", DataTypes.IntegerType, false)
            .add("prompt", DataTypes.StringType)
            .add("reference", DataTypes.StringType)
            .add("generated", DataTypes.StringType)
            .add("loss", DataTypes.DoubleType)
            .add("tokens", DataTypes.LongType, false)
            .add(ROUGE.get(0), DataTypes.DoubleType)
            .add(ROUGE.get(1), DataTypes.DoubleType)
            .add(ROUGE.get(2), DataTypes.DoubleType);

    private TextEvaluation() {}

    static Scores run(SparkSession session, RunConfig config, Manifest manifest, String split) {
        Dataset<Row> trained =
                measure(session, config, ModelTask.Which.TRAINED, manifest, split, EvaluateJob.PREDICTIONS);
        Dataset<Row> base =
                measure(session, config, ModelTask.Which.BASE, manifest, split, EvaluateJob.BASE_PREDICTIONS);
        return Scores.ofText(split, metrics(trained), metrics(base), answers(trained, base));
    }

    private static Dataset<Row> measure(
            SparkSession session,
            RunConfig config,
            ModelTask.Which which,
            Manifest manifest,
            String split,
            String name) {
        int tasks = EvaluateJob.tasks(config, manifest.split(split).rows());
        ModelTask model = ModelTask.of(session.sparkContext(), config, which, tasks);
        return EvaluateJob.write(session, model, tasks, new Task(model, manifest, split, tasks), SCHEMA, name);
    }

    private static Map<String, Double> metrics(Dataset<Row> predictions) {
        Row row = predictions
                .agg(
                        sum(col("loss").multiply(col("tokens"))),
                        sum("tokens"),
                        avg(ROUGE.get(0)),
                        avg(ROUGE.get(1)),
                        avg(ROUGE.get(2)))
                .head();
        Map<String, Double> metrics = new LinkedHashMap<>();
        double loss = row.getDouble(0);
        long tokens = row.getLong(1);
        Perplexity perplexity = new Perplexity();
        perplexity.add(loss, tokens);
        metrics.put("loss", loss / tokens);
        metrics.put("perplexity", perplexity.tokenMean());
        for (int i = 0; i < ROUGE.size(); i++) {
            if (!row.isNullAt(2 + i)) {
                metrics.put(ROUGE.get(i), row.getDouble(2 + i));
            }
        }
        return metrics;
    }

    /** The first answers; both models are asked the same. */
    private static List<Scores.Answer> answers(Dataset<Row> trained, Dataset<Row> base) {
        List<Row> ours = shown(trained);
        List<Row> theirs = shown(base);
        List<Scores.Answer> answers = new ArrayList<>();
        for (int i = 0; i < ours.size(); i++) {
            Row row = ours.get(i);
            answers.add(new Scores.Answer(
                    row.getString(0),
                    row.getString(1),
                    row.getString(2),
                    theirs.get(i).getString(2)));
        }
        return answers;
    }

    private static List<Row> shown(Dataset<Row> predictions) {
        return predictions
                .where(col("generated").isNotNull())
                .orderBy("index", "document")
                .limit(SHOWN)
                .select("prompt", "reference", "generated")
                .collectAsList();
    }

    private record Task(ModelTask model, Manifest manifest, String split, int tasks)
            implements FlatMapFunction<Iterator<Integer>, Row> {
        @Override
        public Iterator<Row> call(Iterator<Integer> numbers) throws IOException {
            ParquetSamples samples = EvaluateJob.open(model, manifest, split);
            Predictor predictor = model.open();
            TextPredictor texts = predictor.texts();
            Iterator<PromptSelection> mine = PromptSelection.part(
                    samples, numbers.next(), tasks, model.config().generation().evalSamples(), texts::refusal);
            Measurement measurement = new Measurement(predictor.losses(), texts);
            return new BlockwiseIterator<>(
                    mine, BATCHES * model.config().training().perDeviceEvalBatchSize(), measurement::rows);
        }
    }

    /** What computes the rows of a task. */
    private static final class Measurement {
        private final LossPredictor losses;
        private final TextPredictor texts;
        private final Rouge rouge = new Rouge(true);

        Measurement(LossPredictor losses, TextPredictor texts) {
            this.losses = losses;
            this.texts = texts;
        }

        List<Row> rows(List<PromptSelection> block) {
            List<List<TokenLoss>> measured =
                    losses.losses(block.stream().map(PromptSelection::sample).toList());
            Map<Long, String> answers = answers(block);
            List<Row> rows = new ArrayList<>();
            for (int i = 0; i < block.size(); i++) {
                Sample sample = block.get(i).sample();
                Map<Integer, Prompts.Prompt> prompts =
                        Prompts.of(sample).stream().collect(Collectors.toMap(Prompts.Prompt::document, it -> it));
                for (int document = 0; document < sample.documents().length; document++) {
                    rows.add(row(
                            sample.index(),
                            document,
                            prompts.get(document),
                            answers.get(block.get(i).asked().get(document)),
                            measured.get(i).get(document)));
                }
            }
            return rows;
        }

        /** Answers by the number of their prompt. */
        private Map<Long, String> answers(List<PromptSelection> block) {
            List<Generator.Prompt> prompts = new ArrayList<>();
            for (PromptSelection asked : block) {
                for (Prompts.Prompt prompt : Prompts.of(asked.sample())) {
                    Long number = asked.asked().get(prompt.document());
                    if (number != null) {
                        prompts.add(new Generator.Prompt(number, prompt.inputIds()));
                    }
                }
            }
            List<String> generated = texts.generate(prompts);
            Map<Long, String> answers = new LinkedHashMap<>();
            for (int i = 0; i < prompts.size(); i++) {
                answers.put(prompts.get(i).sample(), generated.get(i));
            }
            return answers;
        }

        private Row row(long index, int document, Prompts.Prompt prompt, String generated, TokenLoss loss) {
            String reference = prompt == null ? null : texts.text(prompt.answerIds());
            Rouge.Scores scores = generated == null ? null : rouge.score(reference, generated);
            return RowFactory.create(
                    index,
                    document,
                    prompt == null ? null : texts.wholeText(prompt.inputIds()),
                    reference,
                    generated,
                    loss.tokens() == 0 ? null : (Double) (loss.sum() / loss.tokens()),
                    loss.tokens(),
                    scores == null ? null : (Double) scores.rouge1().f1(),
                    scores == null ? null : (Double) scores.rouge2().f1(),
                    scores == null ? null : (Double) scores.rougeL().f1());
        }
    }
}
