// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Two hosts and a router between them, as network namespaces of their own. What the router passes
 * on has little room and is slow, so that it drops packets whenever one end sends much at once, and
 * the cable to one host can be pulled without anybody being told.
 */
final class NarrowNetwork implements AutoCloseable {
  /** The server's address. */
  static final String SERVER = "10.77.1.1";

  private static final String QUEUE = "tbf rate 40mbit burst 4kb limit 12kb";
  private static final Pattern DROPPED = Pattern.compile("dropped (\\d+)");
  private static final Pattern ESTABLISHED = Pattern.compile("\\s*\\d+: \\S+ \\S+ 01 .*");

  private final Path log;
  private final String name;

  private NarrowNetwork(Path log) {
    this.log = log;
    this.name = "remora-" + ProcessHandle.current().pid() + "-";
  }

  /** Makes one, or skips the test where that isn't possible. */
  static NarrowNetwork orSkip(Path folder) throws Exception {
    NarrowNetwork network = new NarrowNetwork(folder.resolve("network.log"));
    assumeTrue(
        "root".equals(System.getProperty("user.name")) && network.make(),
        "skipped: no network namespaces with traffic control here (needs root, iproute2 and the"
            + " kernel's token bucket filter)");
    return network;
  }

  private boolean make() throws Exception {
    String commands =
        """
        ip netns add S; ip netns add R; ip netns add C
        ip link add host netns S type veth peer name toS netns R
        ip link add host netns C type veth peer name toC netns R
        ip -n S addr add 10.77.1.1/24 dev host; ip -n R addr add 10.77.1.2/24 dev toS
        ip -n C addr add 10.77.2.1/24 dev host; ip -n R addr add 10.77.2.2/24 dev toC
        ip -n S link set lo up; ip -n C link set lo up
        ip -n S link set host up; ip -n C link set host up
        ip -n R link set toS up; ip -n R link set toC up
        ip -n S route add default via 10.77.1.2; ip -n C route add default via 10.77.2.2
        ip netns exec R sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
        tc -n R qdisc add dev toS root QUEUE; tc -n R qdisc add dev toC root QUEUE
        """
            .replace("QUEUE", QUEUE)
            .replaceAll("\\b([SRC])\\b", name + "$1");
    if (run("set -e\n" + commands)) {
      return true;
    }
    close();
    return false;
  }

  private boolean run(String script) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("sh", "-c", script)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
  }

  /** What runs a command on the server's host. */
  List<String> onServer(List<String> command) {
    return on("S", command);
  }

  /** What runs a command on the client's host. */
  List<String> onClient(List<String> command) {
    return on("C", command);
  }

  private List<String> on(String host, List<String> command) {
    List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", name + host));
    all.addAll(command);
    return all;
  }

  /** Packets that the router has dropped so far. */
  long dropped() {
    try {
      Process process =
          new ProcessBuilder("tc", "-s", "-n", name + "R", "qdisc", "show")
              .redirectErrorStream(true)
              .start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      Matcher each = DROPPED.matcher(text);
      long all = 0;
      while (each.find()) {
        all += Long.parseLong(each.group(1));
      }
      return all;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Connections that are open where a process runs. */
  static long connections(Process process) {
    try (Stream<String> lines =
        Stream.concat(
            Files.lines(Path.of("/proc/" + process.pid() + "/net/tcp")),
            Files.lines(Path.of("/proc/" + process.pid() + "/net/tcp6")))) {
      return lines.filter(line -> ESTABLISHED.matcher(line).matches()).count();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** From now on nothing gets through, and nobody is told. */
  void pullCable() throws Exception {
    forward("0");
  }

  /** All is as before. */
  void plugCable() throws Exception {
    forward("1");
  }

  private void forward(String state) throws Exception {
    requireRun(
        "echo " + state + " | ip netns exec " + name + "R tee /proc/sys/net/ipv4/ip_forward");
  }

  private void requireRun(String command) throws Exception {
    if (!run(command)) {
      throw new IllegalStateException(command + ": " + Files.readString(log));
    }
  }

  @Override
  public void close() throws Exception {
    // The links go with the namespaces.
    run("for each in S R C; do ip netns del " + name + "$each; done");
  }
}
