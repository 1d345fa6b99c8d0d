package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.pytorch.engine.PtSymbolBlock;
import java.util.List;
import java.util.Map;

/** Observer of this process's scripts. Tests use an observer to repeat calls on another device. */
interface ScriptObserver {
    /** Observer that does nothing. */
    ScriptObserver NONE = new ScriptObserver() {};

    /** Returns the attributes with which a script is loaded, given the attributes of the caller. */
    default Map<String, Object> attributes(Map<String, Object> attributes) {
        return attributes;
    }

    /** Receives a module that has been loaded. */
    default void loaded(PtSymbolBlock module, List<String> modules, Map<String, Object> attributes) {}

    /** Receives a call that has returned tensors, on the caller's thread. */
    default void called(PtSymbolBlock module, String method, Object[] arguments, NDList results) {}

    /** Receives a call that has returned tensors by name, on the caller's thread. */
    default void calledNamed(PtSymbolBlock module, String method, Object[] arguments, Map<String, NDArray> results) {}
}
