package holdfast.host;

import java.util.List;

/// What a changed spec has come to.
///
/// @param vm the machine as it is now
/// @param atOnce what of it is different already, by the names in the spec, and `name`
/// @param atNextStart what is different as soon as it begins anew
public record VmEdit(VmView vm, List<String> atOnce, List<String> atNextStart) {}
