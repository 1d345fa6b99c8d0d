package io.github.sparkfinetune.core.quant;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.files.Quoted;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * Checkpoints that {@code transformers} saved in bitsandbytes' NF4. A weight W of n elements in b = ⌈n / 64⌉ blocks is
 * stored in the following tensors. {@link Nf4Tensor} defines their meaning.
 *
 * <table>
 * <caption>Tensors of a quantized linear</caption>
 * <tr><th>name</th><th>type</th><th>elements</th><th>content</th></tr>
 * <tr><td>W</td><td>U8</td><td>⌈n / 2⌉</td><td>codes, two per byte</td></tr>
 * <tr><td>W.absmax</td><td>F32</td><td>b</td><td>scales of the blocks; with double quantization their codes, in
 * U8</td></tr>
 * <tr><td>W.quant_map</td><td>F32</td><td>16</td><td>values of the codes, always NF4's</td></tr>
 * <tr><td>W.nested_absmax</td><td>F32</td><td>⌈b / 256⌉</td><td>with double quantization: scales of 256 absmax
 * each</td></tr>
 * <tr><td>W.nested_quant_map</td><td>F32</td><td>256</td><td>with double quantization: values of the absmax
 * codes</td></tr>
 * <tr><td>W.quant_state.bitsandbytes__nf4</td><td>U8</td><td></td><td>JSON in UTF-8: {@link QuantState}</td></tr>
 * </table>
 *
 * <p>By default {@code transformers} quantizes all linears except {@code lm_head}. With {@code llm_int8_skip_modules}
 * it quantizes all linears except the named modules. {@link #holds} returns whether a weight is quantized.
 */
public final class Nf4Checkpoint {
    private static final String CONFIG = "quantization_config";
    private static final String METHOD = "quant_method";
    private static final String BITSANDBYTES = "bitsandbytes";
    private static final String REMEDY = "; only bitsandbytes' 4-bit nf4 is read: give the model in full precision";

    static final String STATE = ".quant_state.bitsandbytes__nf4";
    private static final String FP4_STATE = ".quant_state.bitsandbytes__fp4";
    private static final String INT8_STATE = "SCB";

    private Nf4Checkpoint() {}

    /**
     * Returns whether the model's linears are stored in NF4.
     *
     * @throws RunException if the linears are quantized in another way; the message names it
     */
    public static boolean isQuantized(HfConfig config) {
        JsonNode settings = config.find(CONFIG).orElse(null);
        if (settings == null) {
            return false;
        }
        String method = settings.path(METHOD).asText(BITSANDBYTES);
        if (!method.equals(BITSANDBYTES)) {
            throw unread(config, METHOD, method);
        }
        if (!settings.path("load_in_4bit").asBoolean()) {
            throw settings.path("load_in_8bit").asBoolean()
                    ? unread(config, "load_in_8bit", "true")
                    : unread(config, METHOD, method + " without load_in_4bit");
        }
        // The default of transformers.
        String type = settings.path("bnb_4bit_quant_type").asText("fp4");
        if (!type.equals("nf4")) {
            throw unread(config, "bnb_4bit_quant_type", type);
        }
        String storage = settings.path("bnb_4bit_quant_storage").asText("uint8");
        if (!storage.equals("uint8")) {
            throw unread(config, "bnb_4bit_quant_storage", storage);
        }
        return true;
    }

    private static RunException unread(HfConfig config, String key, String value) {
        return RunException.data(config.source() + ": " + CONFIG + "." + key + " is " + Quoted.name(value) + REMEDY);
    }

    /**
     * Returns whether a weight is stored in NF4.
     *
     * @throws RunException if bitsandbytes quantized the weight in another way
     */
    public static boolean holds(TensorSource source, String name) {
        String module = name.substring(0, name.lastIndexOf('.') + 1);
        if (source.names().contains(name + FP4_STATE) || source.names().contains(module + INT8_STATE)) {
            String kind = source.names().contains(name + FP4_STATE) ? "4-bit fp4" : "8-bit";
            throw RunException.data(
                    source.fileOf(name) + ": tensor " + Quoted.name(name) + " is in bitsandbytes' " + kind + REMEDY);
        }
        return source.names().contains(name + STATE);
    }

    /**
     * Reads a quantized weight. Its codes stay mapped in the file.
     *
     * @param name name of the weight, e.g. {@code model.layers.0.mlp.up_proj.weight}
     * @param conv1d whether the model's weight is GPT-2's Conv1D
     * @throws RunException if the weight is missing, is not NF4 in blocks of 64, or has parts that do not fit together
     */
    public static Nf4Tensor read(TensorSource source, String name, boolean conv1d) {
        if (!holds(source, name)) {
            throw RunException.data(source.fileOf(name) + ": tensor " + Quoted.name(name) + " is not quantised, "
                    + STATE + " is missing");
        }
        QuantState state = QuantState.read(source, name, name + STATE);
        long count = TensorInfo.count(state.shape());
        long blocks = Nf4Codes.blocks(count);
        checkQuantMap(source, name);
        ByteBuffer packed = bytes(source, name, Nf4Codes.packedBytes(count));
        Absmax absmax;
        if (state.nestedOffset().isEmpty()) {
            absmax = new Absmax.Plain(floats(source, name + ".absmax", blocks));
        } else {
            absmax = new Absmax.DoubleQuantized(
                    bytes(source, name + ".absmax", blocks),
                    floats(source, name + ".nested_absmax", (blocks + DynamicCode.BLOCK - 1) / DynamicCode.BLOCK),
                    floats(source, name + ".nested_quant_map", DynamicCode.CODES),
                    state.nestedOffset().get());
        }
        return Nf4Tensor.mapped(state.shape(), packed, absmax, conv1d);
    }

    private static void checkQuantMap(TensorSource source, String name) {
        float[] expected = Nf4Codes.values();
        FloatBuffer map = floats(source, name + ".quant_map", expected.length);
        for (int code = 0; code < expected.length; code++) {
            // Tables computed on other machines differ by at most one ulp.
            if (!(Math.abs(map.get(code) - expected[code]) <= Math.ulp(1f))) {
                throw RunException.data(source.fileOf(name) + ": tensor " + Quoted.name(name + ".quant_map")
                        + " gives code " + code + " the value " + map.get(code) + ", NF4 has " + expected[code]
                        + REMEDY);
            }
        }
    }

    private static ByteBuffer bytes(TensorSource source, String name, long count) {
        check(source, name, TensorType.U8, count);
        return source.buffer(name);
    }

    private static FloatBuffer floats(TensorSource source, String name, long count) {
        check(source, name, TensorType.F32, count);
        FloatBuffer values = source.buffer(name).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        for (int i = 0; i < values.limit(); i++) {
            if (!Float.isFinite(values.get(i))) {
                throw RunException.data(source.fileOf(name) + ": tensor " + Quoted.name(name) + " is " + values.get(i)
                        + " at element " + i + "; the checkpoint is damaged");
            }
        }
        return values;
    }

    private static void check(TensorSource source, String name, TensorType dtype, long count) {
        TensorInfo info = source.info(name);
        if (info.dtype() != dtype || info.count() != count) {
            throw RunException.data(source.fileOf(name) + ": tensor " + Quoted.name(name) + " is " + info + ", must be "
                    + dtype + " with " + count + " elements to fit the weight's quantisation; the file is damaged");
        }
    }
}
