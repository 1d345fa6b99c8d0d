package io.github.sparkfinetune.core.tensor.cuda;

/** Failure of a function of CUDA's runtime; the message is one line that begins with the function's name. */
public final class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Reports a failure. */
    public CudaException(String function, String reason) {
        super(function + " failed: " + reason.strip());
    }
}
