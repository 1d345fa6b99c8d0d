package io.github.sparkfinetune.spark.shuffle;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Comparator;

/** Order of keys that are byte arrays: the first byte that differs decides, as a number from 0 to 255. */
public enum BytesOrder implements Comparator<byte[]>, Serializable {
    UNSIGNED;

    @Override
    public int compare(byte[] a, byte[] b) {
        return Arrays.compareUnsigned(a, b);
    }
}
