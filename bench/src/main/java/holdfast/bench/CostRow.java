package holdfast.bench;

/// What something costs with us, and with what it is compared.
///
/// @param name what it is, with its unit
/// @param ours less is better, as in `theirs`
record CostRow(String name, double ours, double theirs) {
    /// Above 1: ours costs less.
    double ratio() {
        return theirs / ours;
    }
}
