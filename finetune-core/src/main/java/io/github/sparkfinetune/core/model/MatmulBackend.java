package io.github.sparkfinetune.core.model;

import java.util.List;

/** Which library computes a model's matrix products, and in what. */
public final class MatmulBackend {
    private static final String FOLDER = "/io/github/sparkfinetune/core/model/";

    private MatmulBackend() {}

    /**
     * Scripts with the methods that compute products.
     *
     * @param half whether in BF16
     */
    public static List<String> scripts(boolean half) {
        return half
                ? List.of(FOLDER + "products_bf16.py")
                : List.of(
                        FOLDER + "products_f32.py",
                        script(System.getProperty("os.name"), System.getProperty("os.arch")));
    }

    /** PyTorch has oneDNN's operators on x86-64, except on macOS; where they are missing a script cannot name them. */
    static String script(String system, String processor) {
        boolean oneDnn = processor.equals("amd64") && !system.startsWith("Mac");
        return FOLDER + (oneDnn ? "products_onednn.py" : "products.py");
    }
}
