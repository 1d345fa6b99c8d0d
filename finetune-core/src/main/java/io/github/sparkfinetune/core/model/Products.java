package io.github.sparkfinetune.core.model;

/** Which library computes the matrix products of layers whose backward is written out. */
final class Products {
    /** Script with the methods {@code affine} and {@code times}. */
    static final String SCRIPT = script(System.getProperty("os.name"), System.getProperty("os.arch"));

    private Products() {}

    /** PyTorch has oneDNN's operators on x86-64, except on macOS; where they are missing a script cannot name them. */
    static String script(String system, String processor) {
        boolean oneDnn = processor.equals("amd64") && !system.startsWith("Mac");
        return "/io/github/sparkfinetune/core/model/" + (oneDnn ? "products_onednn.py" : "products.py");
    }
}
