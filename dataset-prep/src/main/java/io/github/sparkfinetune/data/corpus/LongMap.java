package io.github.sparkfinetune.data.corpus;

/** A map from hashes to numbers above 0. Clearing it does not write to its tables. */
final class LongMap {
    private long[] keys = new long[64];
    private int[] values = new int[64];
    private int[] stamps = new int[64];
    private int stamp = 1;
    private int size;

    /** Removes all keys. */
    void clear() {
        size = 0;
        if (++stamp == Integer.MAX_VALUE) {
            stamps = new int[keys.length];
            stamp = 1;
        }
    }

    /** Returns the value of a key, or 0. */
    int get(long key) {
        int place = place(key);
        return stamps[place] == stamp ? values[place] : 0;
    }

    /** Sets the value of a key. */
    void put(long key, int value) {
        int place = made(key);
        values[place] = value;
    }

    /** Adds one to the value of a key; returns the new value. */
    int count(long key) {
        int place = made(key);
        return ++values[place];
    }

    /** Returns the place of a key, after adding a missing key. */
    private int made(long key) {
        int place = place(key);
        if (stamps[place] == stamp) {
            return place;
        }
        if (2 * ++size > keys.length) {
            grow();
            place = place(key);
        }
        keys[place] = key;
        values[place] = 0;
        stamps[place] = stamp;
        return place;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldValues = values;
        int[] oldStamps = stamps;
        keys = new long[4 * oldKeys.length];
        values = new int[keys.length];
        stamps = new int[keys.length];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldStamps[i] == stamp) {
                int place = place(oldKeys[i]);
                keys[place] = oldKeys[i];
                values[place] = oldValues[i];
                stamps[place] = stamp;
            }
        }
    }

    /** Returns the place of a key, or the place where a missing key belongs. */
    private int place(long key) {
        int mask = keys.length - 1;
        int place = (int) (key ^ (key >>> 32)) & mask;
        while (stamps[place] == stamp && keys[place] != key) {
            place = (place + 1) & mask;
        }
        return place;
    }
}
