package holdfast.bench;

/// What something costs with us, and with what it is compared.
///
/// @param name what it is, with its unit
/// @param ours less is better, as in `theirs`
record CostRow(String name, double ours, double theirs) {
    /// Above 1: ours costs less. What costs nothing at all counts as one of its unit, so that there is a ratio.
    double ratio() {
        return theirs == 0 && ours == 0 ? 1 : theirs / (ours == 0 ? 1 : ours);
    }
}
