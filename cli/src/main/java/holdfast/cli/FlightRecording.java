package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.Optional;
import jdk.jfr.Configuration;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;

/// A recording of Java Flight Recorder, from before a machine is built until after it is closed: what the engine tells, and what
/// the JDK itself records by default (samples of threads, compilations, collections, CPU load).
final class FlightRecording implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(FlightRecording.class.getName());

    /// The JDK's settings for recordings that may go on all the time.
    private static final String SETTINGS = "default";

    private final Path file;
    private final Recording recording;

    private FlightRecording(Path file, Recording recording) {
        this.file = file;
        this.recording = recording;
    }

    /// @throws OperatorError when the file cannot be written, or this Java has no Flight Recorder
    static FlightRecording start(Path file) {
        if (!FlightRecorder.isAvailable()) {
            throw new OperatorError("--profile", "this Java has no Flight Recorder", "leave it out, or use another JDK");
        }
        try {
            var recording = new Recording(Configuration.getConfiguration(SETTINGS));
            recording.setName("holdfast");
            // Should a signal end the JVM, Flight Recorder itself writes the file, at the same time as we put things back.
            recording.setDestination(file);
            recording.setDumpOnExit(true);
            recording.start();
            return new FlightRecording(file, recording);
        } catch (IOException | ParseException e) {
            throw new OperatorError("--profile " + file, "cannot be recorded to: " + e.getMessage(), "name another file");
        }
    }

    /// Stops recording and writes the file.
    ///
    /// @return what to tell the user; nothing when a signal has come meanwhile, and Flight Recorder writes the file itself
    /// @throws OperatorError when it cannot be written
    Optional<String> finish() {
        try {
            recording.setDestination(null); // or the failure to write would be Flight Recorder's to log
            recording.stop();
            recording.dump(file);
            recording.close();
            return Optional.of("profile: " + file + " (" + new ByteSize(Files.size(file)).rounded()
                    + "); read it with: jfr print --events 'holdfast.*' " + file);
        } catch (IllegalStateException signalled) {
            return Optional.empty();
        } catch (IOException e) {
            throw new OperatorError("--profile " + file, "cannot be written: " + e.getMessage(), "name a file where there is room");
        }
    }

    /// When the run could not come to its end, what was recorded is written as well as that goes.
    @Override
    public void close() {
        try {
            recording.close();
        } catch (IllegalStateException signalled) {
            LOG.log(System.Logger.Level.DEBUG, "Flight Recorder has written {0} already", file);
        }
    }
}
