package io.github.sparkfinetune.core.tensor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * Operators of a script call that make a kernel run on a GPU, from a trace of PyTorch's profiler. These operators call
 * no other operator, and are no views or allocations.
 *
 * @param operators names of the operators, in their order
 */
public record KernelTrace(List<String> operators) {
    /** Operators that make no kernel run. A conversion that changes the type calls {@code copy_}. */
    private static final Set<String> IDLE = Set.of(
            "aten::_unsafe_view",
            "aten::as_strided",
            "aten::contiguous",
            "aten::empty",
            "aten::empty_strided",
            "aten::requires_grad_",
            "aten::to",
            "aten::view");

    /** Methods of scripts that are one kernel on a GPU: the substitute of attention, and its backward. */
    private static final Set<String> KERNELS =
            Set.of("meta_attention", "meta_flash_forward", "meta_flash_backward", "recorded_gradients");

    private record Event(String name, double start, double end) {}

    /** Reads a Chrome trace, whose operators and methods are nested by their times. */
    static KernelTrace read(Path file) {
        List<Event> events = new ArrayList<>();
        try {
            for (JsonNode event : new ObjectMapper().readTree(file.toFile())) {
                double start = event.path("ts").asDouble();
                events.add(new Event(
                        event.path("name").asText(),
                        start,
                        start + event.path("dur").asDouble()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        events.sort(Comparator.comparingDouble(Event::start).thenComparing(Event::end, Comparator.reverseOrder()));
        return new KernelTrace(kernels(events));
    }

    KernelTrace longer(KernelTrace other) {
        return other.operators.size() > operators.size() ? other : this;
    }

    private static List<String> kernels(List<Event> events) {
        List<String> kernels = new ArrayList<>();
        double end = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < events.size(); i++) {
            Event event = events.get(i);
            boolean calls = i + 1 < events.size() && events.get(i + 1).end() <= event.end();
            if (event.end() <= end) {
                continue;
            }
            if (KERNELS.contains(event.name())) {
                end = event.end();
                kernels.add(event.name());
            } else if (!calls && event.name().startsWith("aten::") && !IDLE.contains(event.name())) {
                kernels.add(event.name());
            }
        }
        return List.copyOf(kernels);
    }
}
