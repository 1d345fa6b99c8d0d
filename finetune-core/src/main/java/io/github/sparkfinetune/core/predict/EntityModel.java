package io.github.sparkfinetune.core.predict;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Trainable;
import io.github.sparkfinetune.core.quant.Nf4Checkpoint;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.task.AnyModelKind;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.task.SteadyBatch;
import io.github.sparkfinetune.core.task.token.EntityTagger;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Processor;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.ModelFolder;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.redact.RedactionModel;
import io.github.sparkfinetune.data.redact.find.Span;
import io.github.sparkfinetune.data.redact.find.SpanModel;
import io.github.sparkfinetune.data.tag.TaggedEncoder;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;

/**
 * The token classifier of {@code data.redact.model}, loaded on the CPU. Each {@link SteadyBatch} of texts is computed
 * by one thread, so that the spans of a text depend neither on other texts nor on the number of threads. The model's
 * own threads compute batches side by side and share the weights; PyTorch's settings of the calling threads stay as
 * they are. For concurrent use. Owns its memory and its threads.
 */
public final class EntityModel implements SpanModel, AutoCloseable {
    private static final AnyModelKind KIND = new AnyModelKind(HeadKind.TOKEN_CLASSIFICATION);
    /** Most tokens of a window. Attention to more tokens costs time, and adds little to what names a word. */
    private static final int WINDOW = 512;
    /** A window shares a third of its tokens with the next, the default of {@code data.stride}. */
    private static final int OVERLAP = 3;

    private static final long PATIENCE_SECONDS = 60;

    private final RedactionModel settings;
    private final ExecutorService threads;
    private final Loaded loaded;
    private final Queue<TextTokenizer> tokenizers = new ConcurrentLinkedQueue<>();
    private final ThreadLocal<TaggedEncoder> encoders = ThreadLocal.withInitial(this::encoder);

    private record Loaded(NDManager manager, Model model, List<String> labels, TokenizerFiles tokenizer) {}

    private EntityModel(RedactionModel settings, ExecutorService threads, Loaded loaded) {
        this.settings = settings;
        this.threads = threads;
        this.loaded = loaded;
    }

    /**
     * Checks that {@link #load} can compute a model, before any long work.
     *
     * @throws RunException if its family is not supported, or its weights have 4 bits
     */
    public static void check(RedactionModel settings, Configuration hadoop) throws IOException {
        HfConfig config = Architectures.config(new org.apache.hadoop.fs.Path(settings.folder()), hadoop);
        if (Nf4Checkpoint.isQuantized(config)) {
            throw RunException.config(RedactionModel.USE + ": the weights of " + settings.folder()
                    + " have 4 bits: give the model in full precision");
        }
        KIND.check(config);
    }

    /**
     * Loads the model.
     *
     * @param localDir local folder for a copy of a folder on another machine; the caller deletes the copy
     * @param threads number of batches that are computed side by side
     * @throws RunException if the folder has other files than {@link RedactionModel#sha256} says
     */
    public static EntityModel load(RedactionModel settings, Configuration hadoop, Path localDir, int threads)
            throws IOException {
        Path folder = ModelFolder.fetch(
                RedactionModel.USE, "give the folder of a token classifier", settings.folder(), hadoop, localDir);
        if (!ModelFolder.sha256(folder, RedactionModel.USE, () -> {}).equals(settings.sha256())) {
            throw RunException.data(RedactionModel.USE + ": the files of " + settings.folder()
                    + " have changed since the command began: keep one model in the folder, equal on all machines");
        }
        ExecutorService pool = Executors.newFixedThreadPool(threads, EntityModel::thread);
        try {
            return new EntityModel(
                    settings, pool, pool.submit(() -> load(folder)).get());
        } catch (ExecutionException e) {
            pool.shutdown();
            throw failed(e);
        } catch (InterruptedException e) {
            pool.shutdown();
            throw interrupted(e);
        }
    }

    private static Loaded load(Path folder) throws IOException {
        TokenizerFiles tokenizer = TokenizerFiles.read(
                        new org.apache.hadoop.fs.Path(folder.toUri()), new Configuration(false))
                .withPrefixSpace()
                .withPadding();
        NDManager manager = Device.of(-1).manager();
        try (SafetensorsModel source = SafetensorsModel.open(folder)) {
            HfConfig config = Architectures.config(folder);
            MatmulBackend matmul = PredictionMatmul.unmeasured(config, Device.of(manager), Processor.here());
            List<String> labels = Labels.of(config).names();
            // Weights in F32 are read in place. Others would be widened in buffers that threads cannot share.
            Model model = KIND.load(
                    new Pretrained(manager, matmul, config, source),
                    labels.size(),
                    Adaptation.of(Trainable.none()).withStorage(Adaptation.Storage.F32),
                    0);
            return new Loaded(manager, model, labels, tokenizer);
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(
                () -> {
                    Torch.start(1);
                    work.run();
                },
                RedactionModel.USE);
        thread.setDaemon(true);
        return thread;
    }

    private TaggedEncoder encoder() {
        TextTokenizer tokenizer = TextTokenizer.open(loaded.tokenizer);
        tokenizers.add(tokenizer);
        int window = Math.min(WINDOW, loaded.model.maxLength());
        return new TaggedEncoder(tokenizer, window, window / OVERLAP);
    }

    @Override
    public List<List<Span>> find(List<String> texts) {
        List<List<Sample>> windows = each(texts, text -> EntityTagger.windows(encoders.get(), text));
        List<Sample> all = windows.stream().flatMap(List::stream).toList();
        float[][] logits = new float[all.size()][];
        each(SteadyBatch.of(all), batch -> {
            batch.compute(loaded.manager, loaded.model, logits);
            return batch;
        });
        List<List<Span>> found = new ArrayList<>();
        int first = 0;
        for (List<Sample> ofText : windows) {
            found.add(spans(ofText, Arrays.copyOfRange(logits, first, first + ofText.size())));
            first += ofText.size();
        }
        return found;
    }

    /** Returns the results of a computation of each item, in the order of the items. */
    private <T, R> List<R> each(List<T> items, Function<T, R> computation) {
        List<Future<R>> computing = new ArrayList<>();
        for (T item : items) {
            computing.add(threads.submit(() -> computation.apply(item)));
        }
        List<R> results = new ArrayList<>();
        try {
            for (Future<R> result : computing) {
                results.add(result.get());
            }
            return results;
        } catch (ExecutionException e) {
            throw failed(e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        } finally {
            computing.forEach(result -> result.cancel(false));
        }
    }

    private List<Span> spans(List<Sample> windows, float[][] logits) {
        List<Span> spans = new ArrayList<>();
        for (EntityTagger.Tagged tagged : EntityTagger.entities(windows, logits, loaded.labels)) {
            String entity = settings.entities().get(tagged.label());
            if (entity != null && tagged.score() >= settings.scoreThreshold()) {
                spans.add(new Span(tagged.start(), tagged.end(), entity));
            }
        }
        return spans;
    }

    private static RuntimeException failed(ExecutionException e) {
        return e.getCause() instanceof RuntimeException cause
                ? cause
                : RunException.failed(
                        RedactionModel.USE + " failed: " + e.getCause().getMessage(), e.getCause());
    }

    private static RuntimeException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        CancellationException cancelled =
                new CancellationException("interrupted while " + RedactionModel.USE + " computed");
        cancelled.initCause(e);
        return cancelled;
    }

    /** Ends the computations, and frees the memory unless a computation does not end. */
    @Override
    public void close() {
        threads.shutdownNow();
        try {
            if (!threads.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        loaded.manager.close();
        tokenizers.forEach(TextTokenizer::close);
    }
}
