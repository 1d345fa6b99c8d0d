package io.github.sparkfinetune.core.predict;

import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;

/** Layout of the references of samples in tensors of a safetensors file. */
public interface ReferenceLayout {

    /** Encoder of consecutive samples. */
    interface Encoder {
        /**
         * Adds the next sample.
         *
         * @param values {@link Sample#targets} of the sample
         */
        void add(double[] values);

        /** Returns the number of bytes of the samples so far. */
        long bytes();

        /** Returns the tensors of the samples, which are all of a stretch. */
        List<TensorData> tensors(Stretch stretch);
    }

    /** Creates an encoder without samples. */
    Encoder encoder();

    /** Returns the stretch whose tensors a file has, or empty if the file has anything else. */
    Optional<Stretch> stretch(SafetensorsFile file);

    /**
     * Returns a function from the index of a sample to its {@link Sample#targets}; empty unless the file has values of
     * all samples of a split.
     *
     * @param samples number of samples of the split
     */
    Optional<LongFunction<double[]>> values(SafetensorsFile file, String split, long samples);
}
