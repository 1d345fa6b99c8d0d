package io.github.sparkfinetune.core;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.Torch;
import java.lang.reflect.Field;
import java.util.Map;

/** Counts native arrays. */
public final class NativeArrays {
    private NativeArrays() {}

    /** Returns the number of native arrays of all managers of this process. */
    public static long alive() throws ReflectiveOperationException {
        try (NDManager any = Torch.manager(-1)) {
            return count(any.getParentManager());
        }
    }

    private static long count(NDManager manager) throws ReflectiveOperationException {
        Field field = BaseNDManager.class.getDeclaredField("resources");
        field.setAccessible(true);
        long count = 0;
        for (Object resource : ((Map<?, ?>) field.get(manager)).values()) {
            if (resource instanceof NDArray) {
                count++;
            } else if (resource instanceof NDManager child) {
                count += count(child);
            }
        }
        return count;
    }
}
