package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.LmHead;
import io.github.sparkfinetune.core.model.weight.Trainable;
import io.github.sparkfinetune.core.objective.ClassificationLoss;
import io.github.sparkfinetune.core.objective.MultiLabelLoss;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.objective.QuestionAnsweringLoss;
import io.github.sparkfinetune.core.objective.RegressionLoss;
import io.github.sparkfinetune.core.objective.TokenClassificationLoss;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.core.train.sample.SampleProducts;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Window;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A loaded golden model with its batch. */
final class GoldenModel implements AutoCloseable {
    final NDManager manager;
    final Model model;
    final SafetensorsFile expected;
    final List<Sample> samples;
    final long[] tokenLabels;
    final int width;
    final HeadKind head;

    /** Adaptation of a model, from its configuration and weights. */
    interface Loading {
        Adaptation of(HfConfig config, TensorSource source);
    }

    /**
     * @param folder folder of the model
     * @param numbers folder of the reference values
     * @param matmul backend of matrix products
     */
    private GoldenModel(Path folder, Path numbers, Loading loading, MatmulBackend matmul) {
        Torch.start(1);
        expected = GoldenFiles.expected(numbers);
        // The folder of a 4-bit model has only reference values of a causal language model.
        head = GoldenFiles.head(folder).orElse(HeadKind.CAUSAL_LM);

        HfConfig config = HfConfig.read(folder);
        manager = Torch.manager(-1);
        try (SafetensorsModel source = SafetensorsModel.open(folder)) {
            Adaptation adaptation = loading.of(config, source);
            model = Architectures.isDecoder(config)
                    ? Decoder.load(manager, matmul, config, source, head, config.numLabels(), adaptation, 1)
                    : Encoder.load(manager, matmul, config, source, head, config.numLabels(), adaptation, 1);
        }
        long[] shape = expected.info("input_ids").shape();
        width = (int) shape[1];
        tokenLabels = head == HeadKind.QUESTION_ANSWERING || areNumbers(expected)
                ? new long[0]
                : GoldenFiles.longs(expected, "labels");
        samples = samples((int) shape[0]);
    }

    /** Loads a golden model, or returns empty if its kind is not supported. */
    static Optional<GoldenModel> load(Path folder, Trainable trainable) {
        return unsupported(folder).isPresent()
                ? Optional.empty()
                : Optional.of(new GoldenModel(
                        folder, folder, (config, source) -> Adaptation.of(trainable), MatmulBackend.f32()));
    }

    /** Loads a golden model whose matrix products are in BF16. */
    static GoldenModel inHalf(Path folder) {
        return new GoldenModel(folder, folder, (config, source) -> Adaptation.of(Trainable.all()), MatmulBackend.BF16);
    }

    /** Loads a golden model that never changes. */
    static GoldenModel toPredict(Path folder, MatmulBackend matmul) {
        Adaptation frozen = Adaptation.of(Trainable.none()).withStorage(Adaptation.Storage.AS_STORED);
        return new GoldenModel(folder, folder, (config, source) -> frozen, matmul);
    }

    /** Loads a model whose reference values are in another folder. */
    static GoldenModel load(Path folder, Path numbers, Loading loading) {
        return new GoldenModel(folder, numbers, loading, MatmulBackend.f32());
    }

    /** Returns the reason why a golden model cannot run, or empty. */
    static Optional<String> unsupported(Path folder) {
        if (GoldenFiles.head(folder).isEmpty()) {
            return Optional.of("its task is not supported yet");
        }
        try {
            Architectures.of(HfConfig.read(folder)).requireSupported();
        } catch (RunException e) {
            return Optional.of(e.getMessage());
        }
        return Optional.empty();
    }

    /** Returns whether the labels are F32 values: a number per text, or 0 or 1 for each label of a text. */
    private static boolean areNumbers(SafetensorsFile expected) {
        return expected.info("labels").dtype() == TensorType.F32;
    }

    static List<Path> folders() {
        return GoldenFiles.folders("models").stream()
                .filter(folder -> Files.exists(folder.resolve("expected.json")))
                .toList();
    }

    private List<Sample> samples(int rows) {
        long[] ids = GoldenFiles.longs(expected, "input_ids");
        long[] mask = GoldenFiles.longs(expected, "attention_mask");
        long[] types = expected.names().contains("token_type_ids")
                ? GoldenFiles.longs(expected, "token_type_ids")
                : new long[ids.length];
        List<Sample> list = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            int length = 0;
            while (length < width && mask[row * width + length] == 1) {
                length++;
            }
            int[] rowIds = new int[length];
            int[] rowTypes = new int[length];
            for (int t = 0; t < length; t++) {
                rowIds[t] = (int) ids[row * width + t];
                rowTypes[t] = (int) types[row * width + t];
            }
            if (head == HeadKind.SEQUENCE_CLASSIFICATION) {
                list.add(text(row, rows, rowIds, rowTypes));
                continue;
            }
            if (head == HeadKind.QUESTION_ANSWERING) {
                int[] answer = {
                    (int) GoldenFiles.longs(expected, "start_positions")[row],
                    (int) GoldenFiles.longs(expected, "end_positions")[row]
                };
                list.add(new Sample(row, rowIds, rowTypes, -1).with(new Window(0, new int[0], answer, "")));
                continue;
            }
            int[] labels = new int[length];
            for (int t = 0; t < length; t++) {
                labels[t] = (int) tokenLabels[row * width + t];
            }
            list.add(new Sample(row, rowIds, rowTypes, -1).withLabels(labels));
        }
        return list;
    }

    private Sample text(int row, int rows, int[] ids, int[] types) {
        if (!areNumbers(expected)) {
            return new Sample(row, ids, types, (int) tokenLabels[row]);
        }
        float[] labels = GoldenFiles.floats(expected, "labels");
        double[] targets = new double[labels.length / rows];
        Arrays.setAll(targets, i -> labels[row * targets.length + i]);
        return new Sample(row, ids, types, -1).withTargets(targets);
    }

    /** Compares the model's logits with the reference's, at every token that is not padding. */
    void compareLogits(NDManager owner, double tolerance) {
        float[][] logits = logits(owner);
        ModelGoldenTest.assertClose("logits", logits[0], logits[1], tolerance);
    }

    /** Returns the logits of the model and of the reference in the same order, without logits of padding. */
    float[][] logits(NDManager owner) {
        NDArray logits;
        if (head == HeadKind.CAUSAL_LM) {
            Decoder decoder = (Decoder) model;
            Batch batch = decoder.wholeBatch(owner, samples);
            NDArray hidden = forward(owner, decoder, batch);
            logits = decoder.logits(owner, hidden);
        } else if (head == HeadKind.MASKED_LM) {
            List<Sample> everyToken = samples.stream()
                    .map(sample -> sample.withLabels(sample.inputIds()))
                    .toList();
            NDArray hidden = forward(owner, encoder(), encoder().batch(owner, everyToken));
            Map<String, NDArray> weights = encoder().lmHeadWeights();
            logits = hidden.matMul(weights.get(LmHead.WEIGHT).transpose()).add(weights.get(LmHead.BIAS));
        } else {
            logits = forward(owner, model, model.batch(owner, samples));
        }
        float[] actual = logits.toFloatArray();
        float[] reference =
                head == HeadKind.QUESTION_ANSWERING ? answerLogits() : GoldenFiles.floats(expected, "logits");
        if (head == HeadKind.SEQUENCE_CLASSIFICATION) {
            return new float[][] {actual, reference};
        }
        int classes = (int) logits.getShape().get(logits.getShape().dimension() - 1);
        int tokens = samples.stream().mapToInt(Sample::length).sum();
        float[][] compared = new float[2][tokens * classes];
        int at = 0;
        for (int row = 0; row < samples.size(); row++) {
            for (int t = 0; t < samples.get(row).length(); t++) {
                System.arraycopy(actual, at * classes, compared[0], at * classes, classes);
                System.arraycopy(reference, (row * width + t) * classes, compared[1], at * classes, classes);
                at++;
            }
        }
        return compared;
    }

    /** Returns the reference's start and end logits, interleaved by token as in the model's output. */
    private float[] answerLogits() {
        float[] starts = GoldenFiles.floats(expected, "start_logits");
        float[] ends = GoldenFiles.floats(expected, "end_logits");
        float[] both = new float[2 * starts.length];
        for (int i = 0; i < starts.length; i++) {
            both[2 * i] = starts[i];
            both[2 * i + 1] = ends[i];
        }
        return both;
    }

    private Encoder encoder() {
        return (Encoder) model;
    }

    private static NDArray forward(NDManager owner, Model anyModel, Batch batch) {
        NDArray x = anyModel.lookup(owner, batch);
        for (Block block : anyModel.blocks()) {
            x = anyModel.forward(owner, block, x, batch, DropoutMasks.none());
        }
        return x;
    }

    /** Returns a training step with the reference's settings. */
    TrainStep step(Collective collective) {
        return step(collective, false);
    }

    /** Returns a training step with the reference's settings, and with gradient checkpointing if {@code recompute}. */
    TrainStep step(Collective collective, boolean recompute) {
        return step(collective, TinyDecoder.training(recompute));
    }

    /** Returns a training step with other settings. */
    TrainStep step(Collective collective, TrainingConfig training) {
        return new TrainStep(manager, trained(), objective(), DropoutMasks.none(), collective, training, Shard.NONE);
    }

    /** Returns the products of gradients of samples. */
    SampleProducts products(TrainingConfig training) {
        return new SampleProducts(manager, trained(), objective(), training);
    }

    private Model trained() {
        // The reference includes the padding of its only batch in the loss.
        return head == HeadKind.QUESTION_ANSWERING ? encoder().paddedTo(width) : model;
    }

    private Objective objective() {
        return switch (head) {
            case CAUSAL_LM -> VocabularyLoss.ofNextToken(manager, (Decoder) model);
            case QUESTION_ANSWERING -> new QuestionAnsweringLoss(manager, width);
            case SEQUENCE_CLASSIFICATION -> ofTexts();
            case MASKED_LM -> VocabularyLoss.ofMaskedTokens(manager, encoder());
            default -> new TokenClassificationLoss(manager);
        };
    }

    private Objective ofTexts() {
        if (!areNumbers(expected)) {
            return new ClassificationLoss(manager, Optional.empty());
        }
        double[] posWeight = new double[samples.get(0).targets().length];
        Arrays.fill(posWeight, 1);
        return expected.info("labels").shape().length == 1
                ? new RegressionLoss(manager)
                : new MultiLabelLoss(manager, posWeight);
    }

    @Override
    public void close() {
        manager.close();
        expected.close();
    }
}
