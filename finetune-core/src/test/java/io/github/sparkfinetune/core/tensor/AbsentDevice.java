package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.TorchJni;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A GPU that is not there: repeats every script call of this process on PyTorch's device "meta", until it is closed. On
 * "meta", PyTorch computes shapes, types and devices, and no values. A call fails if a script mixes the arguments with
 * a tensor on the CPU, or if the script asks for a value, for which the processor would wait on a GPU.
 *
 * <p>Scripts are loaded with the attributes of a GPU. A tensor has one counterpart, so that graphs are repeated too.
 * For one training at a time.
 */
public final class AbsentDevice implements ScriptObserver, AutoCloseable {
    /**
     * Operators that only PyTorch's Python package computes on "meta". A call that reaches such an operator ends there.
     * A method that updates parameters by AdamW has no other operator that takes tensors from its caller.
     */
    private static final Set<String> PYTHON_ONLY = Set.of("_fused_adamw_");

    /** Operators, as scripts call them, that PyTorch's C++ library does not have on "meta", and their substitutes. */
    private static final Map<String, String> SUBSTITUTES = Map.ofEntries(
            Map.entry("\\btorch\\.embedding\\(", "self.meta_embedding("),
            Map.entry("([\\w.]+(?:\\(\\))?)\\.index_select\\(", "self.meta_index_select($1, "),
            Map.entry("\\btorch\\.(native_layer_norm|layer_norm)\\(", "self.meta_$1("),
            Map.entry("\\bops\\.aten\\.embedding_dense_backward\\(", "self.meta_embedding_dense_backward("),
            Map.entry("\\bops\\.aten\\.native_layer_norm_backward\\(", "self.meta_native_layer_norm_backward("),
            Map.entry("\\bops\\.aten\\._flash_attention_(forward|backward)\\(", "self.meta_flash_$1("),
            Map.entry("\\btorch\\.scaled_dot_product_attention\\(", "self.meta_attention("),
            Map.entry(",\\s*scale=self\\.attention_scale|(?<=\"\\]), self\\.position_padding\\b", ""),
            Map.entry(",\\s*enable_gqa=k\\.size\\(1\\) != q\\.size\\(1\\)", ""),
            Map.entry("\\.logical_and\\(", ".mul("),
            Map.entry("\\.logical_not\\(\\)", ".eq(0)"),
            Map.entry("\\.flip\\(\\[1\\]\\)", ".neg()"),
            Map.entry("\\btorch\\.relu\\(", "torch.tanh("),
            Map.entry("\\.logsumexp\\(", ".sum("));

    /** Methods of this class's own script. */
    private static final Set<String> OWN = Set.of("to_meta", "align", "others", "records");

    private static final Pattern MISSING =
            Pattern.compile("aten::([\\w.]+): attempted to run this operator with Meta tensors");

    private final PtNDManager manager;
    private final ScriptModule meta;
    private final IdentityHashMap<NDArray, NDArray> counterparts = new IdentityHashMap<>();
    /** Results that only a GPU's call has by name, by the counterpart of a result that both calls have. */
    private final IdentityHashMap<NDArray, Map<String, NDArray>> further = new IdentityHashMap<>();

    private final IdentityHashMap<PtSymbolBlock, PtSymbolBlock> scripts = new IdentityHashMap<>();
    private final Map<String, Integer> repeats = new TreeMap<>();
    private final Map<String, Set<String>> named = new TreeMap<>();
    private final Map<String, KernelTrace> traces = new TreeMap<>();
    private Set<String> traced = Set.of();
    private Path trace;

    /** Starts to repeat the calls of this process. */
    public AbsentDevice() {
        Torch.start(1);
        manager = (PtNDManager) Torch.manager(-1);
        meta = ScriptModule.load(manager, List.of("core.tensor.samples.meta"), Map.of());
        ScriptModule.observe(this);
    }

    /**
     * Traces the repeated calls of methods.
     *
     * @param file file for the trace of a call
     */
    public void trace(Path file, String... methods) {
        trace = file;
        traced = Set.of(methods);
    }

    /** Returns the longest trace of each traced method. */
    public Map<String, KernelTrace> traces() {
        return traces;
    }

    /** Returns the number of calls that were repeated to their end, by method. */
    public Map<String, Integer> repeats() {
        return repeats;
    }

    /** Returns the names of the results of methods that name their results, by method. */
    public Map<String, Set<String>> named() {
        return named;
    }

    @Override
    public Map<String, Object> attributes(Map<String, Object> attributes) {
        Map<String, Object> changed = new HashMap<>(attributes);
        changed.computeIfPresent("fused_attention", (name, fused) -> false);
        changed.computeIfPresent("flash_attention", (name, flash) -> true);
        // Only attention with a cap is products of matrices on a GPU.
        changed.computeIfPresent(
                "matrix_products",
                (name, products) -> !attributes.get("attention_cap").equals(0.0));
        return changed;
    }

    @Override
    public synchronized void loaded(PtSymbolBlock module, List<String> modules, Map<String, Object> attributes) {
        scripts.computeIfAbsent(module, own -> {
            ScriptSource source =
                    new ScriptSource(Stream.concat(modules.stream(), Stream.of("core.tensor.samples.meta_kernels"))
                            .toList());
            String code = source.text();
            for (Map.Entry<String, String> substitute : SUBSTITUTES.entrySet()) {
                code = code.replaceAll(substitute.getKey(), substitute.getValue());
            }
            byte[] archive = ScriptArchive.of(code, source.attributes(), attributes);
            try {
                return TorchJni.load(manager, new ByteArrayInputStream(archive));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @Override
    public synchronized void called(PtSymbolBlock module, String method, Object[] arguments, NDList results) {
        repeat(
                method,
                arguments,
                results,
                own -> traced(method, () -> TorchJni.run(scripts.get(module), manager, method, own)));
    }

    @Override
    public synchronized void calledNamed(
            PtSymbolBlock module, String method, Object[] arguments, Map<String, NDArray> results) {
        repeat(method, arguments, results.values(), own -> {
            Map<String, NDArray> found =
                    traced(method, () -> TorchJni.runNamed(scripts.get(module), manager, method, own));
            named.computeIfAbsent(method, key -> new TreeSet<>()).addAll(found.keySet());
            List<NDArray> both = results.keySet().stream()
                    .filter(found::containsKey)
                    .map(found::get)
                    .toList();
            Map<String, NDArray> others = new HashMap<>(found);
            others.keySet().removeAll(results.keySet());
            further.put(both.get(0), others);
            // The CPU's kernel may keep sums that no kernel of a GPU keeps.
            return new NDList(results.entrySet().stream()
                    .map(result -> found.getOrDefault(result.getKey(), counterpart(result.getValue())))
                    .toList());
        });
    }

    private void repeat(
            String method, Object[] arguments, Collection<NDArray> results, Function<Object[], NDList> call) {
        if (OWN.contains(method) || Stream.of(arguments).noneMatch(AbsentDevice::hasTensors)) {
            return;
        }
        boolean records = meta.callOne(manager, "records").getBoolean();
        NDList repeated;
        try {
            repeated = call.apply(converted(arguments));
        } catch (EngineException e) {
            // The script may have ended while it recorded a graph.
            TorchJni.setGradMode(records);
            Matcher missing = MISSING.matcher(e.getMessage());
            assertThat(missing.find()).as(method + ": " + e.getMessage()).isTrue();
            assertThat(missing.group(1)).as(method + ": " + e.getMessage()).isIn(PYTHON_ONLY);
            return;
        }
        repeats.merge(method, 1, Integer::sum);
        assertThat(meta.callOne(manager, "others", repeated).getLong())
                .as(method)
                .isZero();
        assertThat(repeated.stream().map(NDArray::getShape))
                .as(method)
                .isEqualTo(results.stream().map(NDArray::getShape).toList());
        int result = 0;
        for (NDArray own : results) {
            counterparts.put(own, repeated.get(result++));
        }
    }

    private <T> T traced(String method, Supplier<T> call) {
        if (!traced.contains(method)) {
            return call.get();
        }
        TorchJni.startProfile();
        try {
            return call.get();
        } finally {
            TorchJni.stopProfile(trace.toString());
            traces.merge(method, KernelTrace.read(trace), KernelTrace::longer);
        }
    }

    private static boolean hasTensors(Object argument) {
        return argument instanceof NDArray
                || (argument instanceof List<?> list && !list.isEmpty())
                || (argument instanceof Map<?, ?> map && !map.isEmpty());
    }

    private Object[] converted(Object... arguments) {
        return Stream.of(arguments).map(this::converted).toArray();
    }

    private Object converted(Object argument) {
        if (argument instanceof NDArray tensor) {
            return counterpart(tensor);
        } else if (argument instanceof List<?> tensors) {
            return tensors.stream().map(this::converted).toList();
        } else if (argument instanceof Map<?, ?> tensors) {
            Map<Object, Object> all = new LinkedHashMap<>();
            // Scripts read the numbers of the samples' rows on the CPU.
            tensors.forEach((name, tensor) -> all.put(name, name.equals("sample_rows") ? tensor : converted(tensor)));
            tensors.keySet().forEach(name -> all.putAll(further.getOrDefault(all.get(name), Map.of())));
            return all;
        }
        return argument;
    }

    private NDArray counterpart(NDArray tensor) {
        NDArray counterpart = counterparts.computeIfAbsent(tensor, own -> meta.callOne(manager, "to_meta", own));
        meta.callOne(manager, "align", counterpart, tensor).close();
        return counterpart;
    }

    @Override
    public void close() {
        ScriptModule.observe(ScriptObserver.NONE);
        manager.close();
    }
}
