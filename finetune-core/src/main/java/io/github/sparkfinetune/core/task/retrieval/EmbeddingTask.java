package io.github.sparkfinetune.core.task.retrieval;

import io.github.sparkfinetune.conf.EmbeddingConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.TextPooling;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.RetrievalMetrics;
import io.github.sparkfinetune.core.metric.SimilarityMetrics;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.objective.EmbeddingLoss;
import io.github.sparkfinetune.core.rank.RankedQuery;
import io.github.sparkfinetune.core.task.AnyModelKind;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.MeasuredRows;
import io.github.sparkfinetune.core.task.Nullable;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.task.RankingColumns;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.SentenceTransformerFiles;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A vector for each text, near to the vectors of the texts that belong to it ({@code sentence-transformers}).
 *
 * <p>Columns of an evaluation, one row per pair: {@code index} (of the sample in the split), {@code text},
 * {@code text_pair} (both with their prompts), {@code similarity} (cosine of the vectors), {@code score} (of a scored
 * pair, else null), {@code text_id} and {@code pair_id} (equal for equal tokens), {@code text_embedding} and
 * {@code pair_embedding}. Columns of a prediction: {@code index} (of the row in the source), {@code file},
 * {@code text}, {@code embedding}, {@code error} (reason for an unusable row; then text and embedding are null).
 *
 * <p>With the loss {@code multiple_negatives_ranking}, a text is a query. The texts that belong to it are ranked among
 * the second texts of the whole split.
 */
public final class EmbeddingTask implements TaskSpec {
    private final EmbeddingConfig embedding;
    private final AnyModelKind kind;
    private final int maxLength;

    private EmbeddingTask(EmbeddingConfig embedding, int maxLength) {
        this.embedding = embedding;
        this.kind = new AnyModelKind(HeadKind.EMBEDDING, embedding.most());
        this.maxLength = maxLength;
    }

    /** Returns the task of a run. */
    public static EmbeddingTask of(RunConfig config) {
        return new EmbeddingTask(config.embedding(), config.data().maxLength());
    }

    private boolean isScored() {
        return embedding.comparesScores();
    }

    @Override
    public AnyModelKind modelKind() {
        return kind;
    }

    /** Refuses another pooling than that by which {@code sentence-transformers} embeds with the base model. */
    @Override
    public void checkFolder(Path folder, Configuration hadoop) throws IOException {
        String pooling = TextPooling.name(embedding.pooling());
        Optional<String> own = SentenceTransformerFiles.pooling(folder, hadoop);
        if (own.filter(other -> !other.equals(pooling)).isPresent()) {
            throw RunException.config(
                    "embedding.pooling: " + pooling + " is not the pooling of " + folder + ": set it to " + own.get()
                            + ", or remove " + SentenceTransformerFiles.POOLING + " from the folder");
        }
    }

    @Override
    public EmbeddingModel load(Pretrained base, Labels labels, Adaptation adaptation, long seed) {
        HfConfig pooled = TextPooling.with(base.config(), embedding.pooling());
        Model model =
                kind.load(new Pretrained(base.manager(), base.matmul(), pooled, base.source()), 0, adaptation, seed);
        int width = model.width();
        return new EmbeddingModel(base.manager(), model, embedding, EmbeddingLoss.of(base.manager(), embedding, width));
    }

    /** Returns the length of all texts of a sample. */
    @Override
    public int longestSample(int longest) {
        return embedding.most() * longest;
    }

    @Override
    public List<Metric> metrics() {
        return isScored() ? SimilarityMetrics.all() : RetrievalMetrics.all();
    }

    record Evaluated(
            long index,
            String text,
            String textPair,
            double similarity,
            Double score,
            long textId,
            long pairId,
            float[] textEmbedding,
            float[] pairEmbedding) {}

    record Predicted(
            long index,
            @Nullable String file,
            @Nullable String text,
            @Nullable float[] embedding,
            @Nullable String error)
            implements PredictedRow {}

    private record MeasuredPair(double similarity, Double score) {}

    @Override
    public MeasuredRows<?> measuredRows(List<String> labels) {
        if (isScored()) {
            SimilarityMetrics metrics = new SimilarityMetrics(embedding.scale());
            return new MeasuredRows<>(MeasuredPair.class, metrics, row -> metrics.add(row.similarity(), row.score()));
        }
        RetrievalMetrics metrics = new RetrievalMetrics();
        return new MeasuredRows<>(RankedQuery.class, metrics, query -> metrics.add(query.loss(), query.ranks()));
    }

    @Override
    public Optional<RankingColumns> rankingColumns() {
        return isScored()
                ? Optional.empty()
                : Optional.of(new RankingColumns(
                        "text_id", "text_embedding", "pair_id", "pair_embedding", embedding.scale()));
    }

    @Override
    public String usualMetric(Map<String, Long> rowsPerLabel) {
        return isScored() ? "spearman" : "ndcg_at_10";
    }

    @Override
    public String lossUnit() {
        return isScored() ? "set of pairs" : "query";
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
        return "embedding";
    }

    @Override
    public HfConfig savedConfig(HfConfig model, String className, List<String> labels, String dtype) {
        return TextPooling.with(model.asLanguageModel(className, dtype), embedding.pooling());
    }

    @Override
    public Map<String, byte[]> savedFiles(HfConfig saved) {
        return new SentenceTransformerFiles(
                        Architectures.of(saved).shape().hidden(),
                        maxLength,
                        TextPooling.name(embedding.pooling()),
                        embedding.queryPrompt(),
                        embedding.documentPrompt())
                .files();
    }

    @Override
    public ModelCard.Usage usage() {
        return new ModelCard.Usage("sentence-transformers", "sentence-similarity", """
                from sentence_transformers import SentenceTransformer

                model = SentenceTransformer("path/to/this/folder")  # a %s
                model.similarity(model.encode_query(["a text"]), model.encode_document(["one text", "another"]))
                """);
    }
}
