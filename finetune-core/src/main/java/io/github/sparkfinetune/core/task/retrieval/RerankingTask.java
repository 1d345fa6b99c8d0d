package io.github.sparkfinetune.core.task.retrieval;

import io.github.sparkfinetune.conf.RerankingConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.RerankingMetrics;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.objective.RerankingLoss;
import io.github.sparkfinetune.core.task.AnyModelKind;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.MeasuredRows;
import io.github.sparkfinetune.core.task.Nullable;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.data.hf.CrossEncoderFiles;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Map;

/**
 * A score for each pair of a query and a document ({@code CrossEncoder} of {@code sentence-transformers}): the sigmoid
 * of the logit of a head with one class ({@code ForSequenceClassification}).
 *
 * <p>Columns of an evaluation, one row per pair: {@code index} (of the sample in the split), {@code document} (index of
 * the document in the sample), {@code text} and {@code text_pair} (very long texts are cut), {@code score},
 * {@code label} (relevance), {@code loss} (of the pair; with {@code reranking.loss} {@code list_net} of the whole
 * sample, in the row of its first document; with {@code lambda} null for the document that belongs to the query).
 * Columns of a prediction: {@code index} (of the row in the source), {@code file}, {@code text}, {@code text_pair},
 * {@code score}, {@code error} (reason for an unusable row; then texts and score are null).
 */
public final class RerankingTask implements TaskSpec {
    /** Name that {@code transformers} gives the only class. */
    private static final List<String> CLASSES = List.of("LABEL_0");

    private final RerankingConfig reranking;
    private final AnyModelKind kind;
    private final int maxLength;

    private RerankingTask(RerankingConfig reranking, int maxLength) {
        this.reranking = reranking;
        this.maxLength = maxLength;
        this.kind = new AnyModelKind(HeadKind.SEQUENCE_CLASSIFICATION, reranking.most());
    }

    /** Returns the task of a run. */
    public static RerankingTask of(RunConfig config) {
        return new RerankingTask(config.reranking(), config.data().maxLength());
    }

    @Override
    public AnyModelKind modelKind() {
        return kind;
    }

    @Override
    public RerankingModel load(Pretrained base, Labels labels, Adaptation adaptation, long seed) {
        return new RerankingModel(
                base.manager(),
                kind.load(base, CLASSES.size(), adaptation, seed),
                RerankingLoss.of(base.manager(), reranking));
    }

    /** Returns the length of all pairs of a sample. */
    @Override
    public int longestSample(int longest) {
        return reranking.most() * longest;
    }

    @Override
    public List<Metric> metrics() {
        return RerankingMetrics.all();
    }

    record Evaluated(long index, int document, String text, String textPair, double score, double label, Double loss) {}

    record Predicted(
            long index,
            @Nullable String file,
            @Nullable String text,
            @Nullable String textPair,
            Double score,
            @Nullable String error)
            implements PredictedRow {}

    private record Measured(String text, double score, double label, Double loss) {}

    @Override
    public MeasuredRows<?> measuredRows(List<String> labels) {
        RerankingMetrics metrics = new RerankingMetrics();
        return new MeasuredRows<>(Measured.class, metrics, row -> {
            metrics.add(row.text(), row.score(), row.label());
            if (row.loss() != null) {
                metrics.add(row.loss());
            }
        });
    }

    @Override
    public List<String> keyColumns() {
        return List.of("index", "document");
    }

    @Override
    public String usualMetric(Map<String, Long> rowsPerLabel) {
        return reranking.comparesLists() ? "ndcg_at_10" : "average_precision";
    }

    @Override
    public String lossUnit() {
        return reranking.loss() == RerankingConfig.Loss.LIST_NET ? "query" : "pair";
    }

    @Override
    public RowType<?> evaluationRows() {
        return RowType.of(Evaluated.class);
    }

    @Override
    public RowType<Predicted> predictionRows() {
        return RowType.of(Predicted.class);
    }

    @Override
    public String predictionColumn() {
        return "score";
    }

    @Override
    public HfConfig savedConfig(HfConfig model, String className, List<String> labels, String dtype) {
        return model.asTokenClassifier(className, CLASSES, dtype);
    }

    @Override
    public Map<String, byte[]> savedFiles(HfConfig saved) {
        return new CrossEncoderFiles(maxLength).files();
    }

    @Override
    public ModelCard.Usage usage() {
        return new ModelCard.Usage("sentence-transformers", "text-ranking", """
                from sentence_transformers import CrossEncoder

                model = CrossEncoder("path/to/this/folder")  # a %s
                model.predict([("a query", "a document"), ("a query", "another document")])
                """);
    }
}
