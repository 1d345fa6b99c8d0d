package io.github.sparkfinetune.core.collective.nccl;

/** Failure of a function of NCCL or CUDA; the message is one line that begins with the function's name. */
final class NcclException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NcclException(String function, String reason) {
        super(function + " failed: " + reason.strip().replaceAll("\\s*\\R\\s*", "; "));
    }
}
