// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench;

import io.remora.client.ConnectionException;
import io.remora.it.process.ServerProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * The cost of the way from a Java program to the device and back, in rounds that alternate between
 * Remora and the floor so that both meet the same noise.
 *
 * @param folder for logs and the server's state
 * @param rounds how often each figure is measured
 * @param transferBytes size of one bulk copy
 * @param spin how long a waiting call polls before its thread sleeps
 */
record TransportBench(Path folder, int rounds, int transferBytes, Duration spin) {
  private static final int PINGS = 2_000;
  private static final int LAUNCHES = 200_000;
  private static final int WARM_UP_ROUNDS = 4;

  // So much it takes the virtual machines of both ends to compile their way completely.
  private static final int WARM_UP_CALLS = 60_000;
  private static final int WARM_UP_COPIES = 30;

  /** Measures with or without TLS; {@code progress} is told before each round. */
  List<Figure> run(boolean tls, Runnable progress) throws IOException, ConnectionException {
    String name = tls ? "tls-on" : "tls-off";
    try (ServerProcess server =
            ServerProcess.start(
                folder.resolve(name), List.of("-Xmx512m"), List.of("--tls", tls ? "on" : "off"));
        RawSocketFloor floor = new RawSocketFloor(folder);
        RemoteSide remote = new RemoteSide(server.settings().withSpin(spin), transferBytes)) {
      return measure(remote, floor, progress);
    }
  }

  private List<Figure> measure(RemoteSide remote, RawSocketFloor floor, Runnable progress)
      throws IOException {
    double[][] remotes = new double[6][rounds];
    double[][] floors = new double[5][rounds];
    byte[] host = new byte[transferBytes];
    int incrementsExpected = 0;
    remote.roundTripNanos(WARM_UP_CALLS);
    remote.synchronizeNanos(WARM_UP_CALLS);
    for (int copy = 0; copy < WARM_UP_COPIES; copy++) {
      remote.uploadBytesPerSecond();
      remote.downloadBytesPerSecond();
    }
    for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
      progress.run();
      int slot = Math.max(0, round);
      floors[0][slot] = floor.roundTripNanos(PINGS);
      remotes[0][slot] = remote.roundTripNanos(PINGS);
      remotes[1][slot] = remote.synchronizeNanos(PINGS);
      remotes[2][slot] = remote.emptyLaunchesPerSecond(LAUNCHES);
      remotes[3][slot] = remote.launchesPerSecond(LAUNCHES);
      incrementsExpected += LAUNCHES;
      int increments = remote.increments();
      if (increments != incrementsExpected) {
        throw new IllegalStateException(
            "of " + incrementsExpected + " launches only " + increments + " took effect");
      }
      floors[1][slot] = floor.uploadBytesPerSecond(transferBytes);
      floors[3][slot] = floor.storeBytesPerSecond(host);
      remotes[4][slot] = remote.uploadBytesPerSecond();
      // The upload has overwritten the counter with zeros.
      incrementsExpected = 0;
      floors[2][slot] = floor.downloadBytesPerSecond(transferBytes);
      floors[4][slot] = floor.loadBytesPerSecond(host);
      remotes[5][slot] = remote.downloadBytesPerSecond();
    }
    return figures(remotes, floors);
  }

  private static List<Figure> figures(double[][] remotes, double[][] floors) {
    double mebi = 1.0 / (1 << 20);
    double[] none = {};
    return List.of(
        new Figure("waiting call (cuMemGetInfo)", remotes[0], floors[0], "%.1f", 1e-3, "µs"),
        new Figure("cuStreamSynchronize, idle", remotes[1], floors[0], "%.1f", 1e-3, "µs"),
        new Figure("launches run, no parameters", remotes[2], none, "%.0f", 1e-3, "k/s"),
        new Figure("launches run, 3 parameters", remotes[3], none, "%.0f", 1e-3, "k/s"),
        new Figure("copy to the device", remotes[4], floors[1], "%.0f", mebi, "MiB/s"),
        new Figure("copy from the device", remotes[5], floors[2], "%.0f", mebi, "MiB/s"),
        new Figure(
            "to the device, floor with memory", remotes[4], floors[3], "%.0f", mebi, "MiB/s"),
        new Figure(
            "from the device, floor with memory", remotes[5], floors[4], "%.0f", mebi, "MiB/s"));
  }
}
