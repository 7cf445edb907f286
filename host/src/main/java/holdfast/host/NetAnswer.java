package holdfast.host;

import java.util.List;

/// What a network's process answers.
///
/// @param refused the openings whose port of the host cannot be had
record NetAnswer(long pid, boolean wayOut, List<NetPlan.Opening> refused) {}
