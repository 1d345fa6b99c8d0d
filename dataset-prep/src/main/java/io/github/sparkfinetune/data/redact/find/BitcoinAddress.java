package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.data.hf.Sha256;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Locale;

/** Checksums of Bitcoin addresses: Base58Check, Bech32 (BIP 173) and Bech32m (BIP 350). */
final class BitcoinAddress {
    private static final String BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    private static final String BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    private static final int[] GENERATOR = {0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3};
    private static final int BECH32_CONSTANT = 1;
    private static final int BECH32M_CONSTANT = 0x2BC830A3;
    private static final String PREFIX = "bc";
    /** Bytes of a version, a hash and a checksum. */
    private static final int BASE58_BYTES = 25;

    private static final int CHECKSUM_BYTES = 4;

    private BitcoinAddress() {}

    static boolean isValid(String word) {
        if (word.charAt(0) == '1' || word.charAt(0) == '3') {
            return isBase58(word);
        }
        boolean oneCase = word.equals(word.toLowerCase(Locale.ROOT)) || word.equals(word.toUpperCase(Locale.ROOT));
        return oneCase && isBech32(word.toLowerCase(Locale.ROOT));
    }

    private static boolean isBase58(String word) {
        BigInteger number = BigInteger.ZERO;
        for (int i = 0; i < word.length(); i++) {
            int digit = BASE58.indexOf(word.charAt(i));
            if (digit < 0) {
                return false;
            }
            number = number.multiply(BigInteger.valueOf(BASE58.length())).add(BigInteger.valueOf(digit));
        }
        if (number.bitLength() > 8 * BASE58_BYTES) {
            return false;
        }
        byte[] bytes = new byte[BASE58_BYTES];
        byte[] magnitude = number.toByteArray();
        int copied = Math.min(magnitude.length, bytes.length);
        System.arraycopy(magnitude, magnitude.length - copied, bytes, bytes.length - copied, copied);
        int payload = BASE58_BYTES - CHECKSUM_BYTES;
        byte[] hash = Sha256.digest().digest(Sha256.digest().digest(Arrays.copyOf(bytes, payload)));
        return Arrays.equals(hash, 0, CHECKSUM_BYTES, bytes, payload, BASE58_BYTES);
    }

    private static boolean isBech32(String word) {
        if (!word.startsWith(PREFIX + "1")) {
            return false;
        }
        int checksum = 1;
        for (int i = 0; i < PREFIX.length(); i++) {
            checksum = polymod(checksum, PREFIX.charAt(i) >> 5);
        }
        checksum = polymod(checksum, 0);
        for (int i = 0; i < PREFIX.length(); i++) {
            checksum = polymod(checksum, PREFIX.charAt(i) & 31);
        }
        for (int i = PREFIX.length() + 1; i < word.length(); i++) {
            int value = BECH32.indexOf(word.charAt(i));
            if (value < 0) {
                return false;
            }
            checksum = polymod(checksum, value);
        }
        return checksum == BECH32_CONSTANT || checksum == BECH32M_CONSTANT;
    }

    private static int polymod(int checksum, int value) {
        int top = checksum >>> 25;
        int next = ((checksum & 0x1FFFFFF) << 5) ^ value;
        for (int i = 0; i < GENERATOR.length; i++) {
            next ^= ((top >> i) & 1) == 1 ? GENERATOR[i] : 0;
        }
        return next;
    }
}
