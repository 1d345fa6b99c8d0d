package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.core.tensor.CopiesOnCpu;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@link GpuPathRunsTest} with weights as stored, a class of its own for a fork of its own. */
@Tag("full")
@ExtendWith(CopiesOnCpu.class)
class GpuPathStoredTypesTest extends StoredTypesTest {}
