package holdfast.vhdx;

import holdfast.block.OperatorError;

/// Why a file cannot be opened, found by what reads a part of it and does not know its name.
final class Refusal extends Exception {
    private final String problem;
    private final String nextStep;

    private Refusal(String problem, String nextStep) {
        super(problem, null, false, false);
        this.problem = problem;
        this.nextStep = nextStep;
    }

    /// What no writer that keeps to the format leaves behind.
    static Refusal damaged(String what) {
        return new Refusal("is damaged: " + what, "restore it from a copy; nothing was changed");
    }

    /// What may be right and is not known here.
    static Refusal unknown(String what) {
        return new Refusal(what, "open it with the program that made it; nothing was changed");
    }

    OperatorError about(String file) {
        return new OperatorError(file, problem, nextStep);
    }
}
