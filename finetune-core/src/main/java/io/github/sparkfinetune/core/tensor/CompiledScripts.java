package io.github.sparkfinetune.core.tensor;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.TorchJni;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Compiled TorchScript modules of this process. A module has no state, so ranks, evaluations and successive jobs share
 * the module of a script with equal attributes. Compiling a model's script takes about 0.1 s.
 */
final class CompiledScripts {
    /** Maximum number of unused modules that stay compiled; a language model's module takes about 2 MB. */
    private static final int MOST_IDLE = 16;

    /** Modules in the order of their last use. */
    private static final Map<Key, Compiled> COMPILED = new LinkedHashMap<>(16, 0.75f, true);

    private record Key(Device device, List<String> modules, Map<String, Object> attributes) {}

    /** A module, the manager that owns its native part, and the number of managers that use it. */
    private static final class Compiled {
        private final Script script;
        private final NDManager owner;
        private int users;

        private Compiled(Script script, NDManager owner) {
            this.script = script;
            this.owner = owner;
        }
    }

    record Script(PtSymbolBlock module, ScriptSource source) {}

    private CompiledScripts() {}

    /**
     * Returns the module of a script, which is usable until the manager is closed.
     *
     * @param user manager of the user; decides the device
     * @throws IllegalArgumentException if PyTorch refuses the script; the message names file, line and method
     */
    static synchronized Script get(NDManager user, List<String> modules, Map<String, Object> attributes) {
        Key key = new Key(user.getDevice(), List.copyOf(modules), new HashMap<>(attributes));
        Compiled compiled = COMPILED.get(key);
        if (compiled == null) {
            NDManager owner = user.getEngine().newBaseManager(user.getDevice());
            try {
                compiled = new Compiled(compile(owner, modules, attributes), owner);
            } catch (RuntimeException e) {
                owner.close();
                throw e;
            }
            COMPILED.put(key, compiled);
        }
        compiled.users++;
        user.attachInternal(UUID.randomUUID().toString(), () -> release(key));
        return compiled.script;
    }

    private static Script compile(NDManager owner, List<String> modules, Map<String, Object> attributes) {
        ScriptSource source = new ScriptSource(modules);
        byte[] archive = ScriptArchive.of(source.text(), source.attributes(), attributes);
        try {
            return new Script(TorchJni.load((PtNDManager) owner, new ByteArrayInputStream(archive)), source);
        } catch (EngineException e) {
            throw new IllegalArgumentException(source.explain(e.getMessage()), e);
        } catch (IOException e) {
            throw new UncheckedIOException("loading " + modules, e);
        }
    }

    private static synchronized void release(Key key) {
        COMPILED.get(key).users--;
        long idle = idle();
        Iterator<Compiled> oldest = COMPILED.values().iterator();
        while (idle > MOST_IDLE) {
            Compiled compiled = oldest.next();
            if (compiled.users == 0) {
                oldest.remove();
                compiled.owner.close();
                idle--;
            }
        }
    }

    /** Returns the number of unused compiled modules. */
    static synchronized long idle() {
        return COMPILED.values().stream()
                .filter(compiled -> compiled.users == 0)
                .count();
    }
}
