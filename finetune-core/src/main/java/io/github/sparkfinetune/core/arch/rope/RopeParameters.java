package io.github.sparkfinetune.core.arch.rope;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Base and scaling of rotary angles in {@code config.json}. Version 5 of transformers writes both into
 * {@code rope_parameters}, flat or as one object for each type of layer. Earlier versions write the base under a key of
 * its own and the scaling into {@code rope_scaling}. A file with both forms is read as version 5 reads it:
 * {@code rope_scaling} takes precedence.
 */
public final class RopeParameters {
    static final String SCALING = "rope_scaling";
    private static final String PARAMETERS = "rope_parameters";
    private static final String THETA = "rope_theta";
    private static final String PART = "partial_rotary_factor";
    private static final Set<String> LAYER_TYPES = Set.of(LayerWindows.FULL, LayerWindows.SLIDING);

    private final HfConfig config;
    private final String thetaKey;
    /** Object that takes precedence over {@code thetaKey}. */
    private final JsonNode parameters;

    private final JsonNode scaling;
    private final String scalingKey;

    private RopeParameters(HfConfig config, String thetaKey, JsonNode parameters, JsonNode scaling, String scalingKey) {
        this.config = config;
        this.thetaKey = thetaKey;
        this.parameters = parameters;
        this.scaling = scaling;
        this.scalingKey = scalingKey;
    }

    /** Returns an object of the configuration; a missing node if the value is no object, or empty. */
    private static JsonNode object(HfConfig config, String key) {
        return config.find(key)
                .filter(value -> value.isObject() && !value.isEmpty())
                .orElse(MissingNode.getInstance());
    }

    private static boolean isByType(JsonNode parameters) {
        for (JsonNode value : parameters) {
            if (value.isObject()) {
                return true;
            }
        }
        return false;
    }

    /**
     * Reads the parameters of a model whose layers all have the same parameters.
     *
     * @throws RunException if the parameters differ by type of layer
     */
    static RopeParameters of(HfConfig config) {
        JsonNode older = object(config, SCALING);
        JsonNode parameters = object(config, PARAMETERS);
        if (isByType(parameters)) {
            throw RunException.data(config.source() + ": " + PARAMETERS + " by type of layer is not supported for "
                    + config.modelType());
        }
        return older.isObject()
                ? new RopeParameters(config, THETA, older, older, SCALING)
                : new RopeParameters(config, THETA, parameters, parameters, PARAMETERS);
    }

    /**
     * Reads the parameters of the layers of one type. {@code rope_scaling} applies to layers that attend to every
     * token.
     *
     * @param thetaKey key of the base before version 5
     * @throws RunException if a parameter is outside the types
     */
    static RopeParameters of(HfConfig config, String type, String thetaKey) {
        JsonNode all = object(config, PARAMETERS);
        Iterator<String> types = all.fieldNames();
        while (types.hasNext()) {
            String other = types.next();
            if (!LAYER_TYPES.contains(other)) {
                throw RunException.data(config.source() + ": " + PARAMETERS + "." + other + " is not supported for "
                        + config.modelType() + "; only " + LayerWindows.FULL + " and " + LayerWindows.SLIDING + " are");
            }
        }
        JsonNode own = all.path(type);
        JsonNode older = type.equals(LayerWindows.FULL) ? object(config, SCALING) : MissingNode.getInstance();
        return older.isObject()
                ? new RopeParameters(config, thetaKey, own, older, SCALING)
                : new RopeParameters(config, thetaKey, own, own, PARAMETERS + "." + type);
    }

    double theta(double defaultValue) {
        JsonNode theta = parameters.path(THETA);
        return theta.isNumber() ? theta.doubleValue() : config.number(defaultValue, thetaKey);
    }

    /** Returns the share of a head that is rotated. */
    double part() {
        JsonNode part = parameters.path(PART);
        return part.isNumber() ? part.doubleValue() : config.number(1, PART);
    }

    /**
     * Refuses heads of which only a part is rotated.
     *
     * @throws RunException if {@code partial_rotary_factor} is not 1
     */
    void requireFullRotation() {
        if (part() != 1) {
            throw RunException.data(config.source() + ": " + PART + " " + part() + " is not supported for "
                    + config.modelType() + "; only 1 is");
        }
    }

    /** @param frequencies number of frequencies */
    Optional<RopeScaling> scaling(int frequencies) {
        return RopeScaling.of(new RopeScaling.Fields(config, scalingKey, scaling), frequencies);
    }

    /** Returns whether the scaling is longrope. */
    static boolean isLong(HfConfig config) {
        return RopeScaling.type(scaling(config)).equals("longrope");
    }

    /** Returns the context length that a model was first trained with. */
    static int original(HfConfig config, int defaultValue) {
        JsonNode original = scaling(config).path(RopeScaling.ORIGINAL);
        return config.integer(RopeScaling.ORIGINAL)
                .orElse(original.canConvertToInt() && original.intValue() > 0 ? original.intValue() : defaultValue);
    }

    private static JsonNode scaling(HfConfig config) {
        JsonNode older = object(config, SCALING);
        return older.isObject() ? older : object(config, PARAMETERS);
    }

    /** Adds the keys that transformers reads before version 5 to a configuration with flat {@code rope_parameters}. */
    public static HfConfig withOlderKeys(HfConfig config) {
        HfConfig both = withOlderScaling(config, "");
        JsonNode parameters = object(config, PARAMETERS);
        for (String key : List.of(THETA, PART)) {
            both = parameters.path(key).isNumber() ? both.with(key, parameters.get(key)) : both;
        }
        return both;
    }

    /**
     * Adds the base of the layers of one type in the form that transformers reads before version 5.
     *
     * @param key key of the base before version 5
     */
    public static HfConfig withOlderTheta(HfConfig config, String type, String key) {
        JsonNode theta = object(config, PARAMETERS).path(type).path(THETA);
        return theta.isNumber() ? config.with(key, theta) : config;
    }

    /**
     * Adds {@code rope_scaling} if it is missing and the angles are scaled.
     *
     * @param type type of the layers with these angles; empty if all layers have them
     */
    public static HfConfig withOlderScaling(HfConfig config, String type) {
        JsonNode all = object(config, PARAMETERS);
        if (!((type.isEmpty() ? all : all.path(type)) instanceof ObjectNode parameters)
                || object(config, SCALING).isObject()
                || RopeScaling.type(parameters).equals("default")) {
            return config;
        }
        return config.with(SCALING, parameters.deepCopy().remove(List.of(THETA, PART)));
    }
}
