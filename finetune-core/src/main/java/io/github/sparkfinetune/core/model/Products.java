package io.github.sparkfinetune.core.model;

/** Which library computes a model's matrix products, and in what. */
public final class Products {

    private Products() {}

    /**
     * Script with the methods that compute products.
     *
     * @param half whether in BF16
     */
    public static String script(boolean half) {
        return half
                ? "/io/github/sparkfinetune/core/model/products_bf16.py"
                : script(System.getProperty("os.name"), System.getProperty("os.arch"));
    }

    /** PyTorch has oneDNN's operators on x86-64, except on macOS; where they are missing a script cannot name them. */
    static String script(String system, String processor) {
        boolean oneDnn = processor.equals("amd64") && !system.startsWith("Mac");
        return "/io/github/sparkfinetune/core/model/" + (oneDnn ? "products_onednn.py" : "products.py");
    }
}
