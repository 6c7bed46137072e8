// SPDX-License-Identifier: Apache-2.0
package io.remora.it.demo;

import io.remora.cli.Sizes;
import io.remora.client.ConnectionException;
import io.remora.client.RemoteCuda;
import io.remora.it.programs.DeviceProgram;
import io.remora.it.programs.NBodyPicture;
import io.remora.it.programs.NBodyState;
import io.remora.it.programs.ProgramResult;
import io.remora.it.remote.RemoteGpu;
import io.remora.v1.DeviceSnapshot;
import io.remora.v1.Welcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/** What the demo does once its server runs. One thread, beside the tenants' own. */
final class Demo {
  private static final int UPLOAD_BYTES = 64 << 20;
  private static final Path NVIDIA_DEVICE = Path.of("/dev/nvidiactl");

  private final Screen screen;
  private final DemoServer server;
  private final LongSupplier nanoClock;
  private final Map<String, Integer> weights;
  private final List<String> wrong = new ArrayList<>();

  Demo(Screen screen, DemoServer server, LongSupplier nanoClock, Map<String, Integer> weights) {
    this.screen = screen;
    this.server = server;
    this.nanoClock = nanoClock;
    this.weights = weights;
  }

  /** Answers what was wrong, nothing if all results are right. */
  List<String> run(int bodies, int seconds, Path picture) throws IOException, InterruptedException {
    List<Tenant> tenants = new ArrayList<>();
    try {
      for (Map.Entry<String, Integer> each : weights.entrySet()) {
        tenants.add(Tenant.connect(each.getKey(), each.getValue(), server));
      }
      introduce(tenants);
      runPrograms(tenants.get(0).cuda());
      runNativePrograms(tenants.get(0).name());
      share(tenants, NBodyState.collidingGalaxies(bodies, 10), seconds, picture);
    } finally {
      tenants.forEach(Tenant::close);
    }
    return List.copyOf(wrong);
  }

  private void introduce(List<Tenant> tenants) throws ConnectionException {
    Welcome welcome = tenants.get(0).cuda().welcome();
    DeviceSnapshot device = welcome.getDevices(0);
    screen.labelled("device", device.getName() + "; " + origin(device));
    screen.labelled(
        "tenants",
        tenants.stream()
            .map(tenant -> tenant.name() + " with weight " + tenant.weight())
            .collect(Collectors.joining(", ")));
  }

  private static String origin(DeviceSnapshot device) {
    if (!device.getKind().equals("software")) {
      return device.getPciBusId();
    }
    int processors = Runtime.getRuntime().availableProcessors();
    return Files.exists(NVIDIA_DEVICE)
        ? "there is an NVIDIA GPU here that can't be used: `./remora doctor` says why"
        : "there is no GPU here, " + processors + " processors run the kernels";
  }

  /** Each kernel that nvcc compiled, once, with its result compared with the host's. */
  private void runPrograms(RemoteCuda cuda) {
    screen.heading("Kernels compiled by nvcc, results compared with double precision on the host");
    RemoteGpu gpu = new RemoteGpu(cuda, 0);
    List<Screen.Tick> ticks = new ArrayList<>();
    for (DeviceProgram program : DeviceProgram.all()) {
      ProgramResult result = program.run(gpu);
      ticks.add(new Screen.Tick(program.name(), result.passed()));
      check(result.passed(), result.toString());
    }
    screen.ticks(ticks);
    // The first pass is that of code which isn't compiled yet, on both ends.
    UploadTest first = UploadTest.run(gpu, UPLOAD_BYTES, nanoClock);
    UploadTest copy = UploadTest.run(gpu, UPLOAD_BYTES, nanoClock);
    check(first.same() && copy.same(), "the bytes that came back are not those that were sent");
    screen.line(
        String.format(
            Locale.ROOT,
            "  %s %s to the device at %s/s and back at %s/s, every byte the same",
            screen.mark(copy.same()),
            Sizes.bytes(copy.bytes()),
            Sizes.bytes(copy.uploadBytesPerSecond()),
            Sizes.bytes(copy.downloadBytesPerSecond())));
  }

  private void runNativePrograms(String tenant) throws IOException, InterruptedException {
    screen.heading("Programs that know nothing of Remora, with its libcuda.so.1");
    NativePrograms programs =
        new NativePrograms(server.folder(), System.getenv(), server.settings(tenant));
    for (NativePrograms.Outcome each : programs.all()) {
      boolean shown = each.state() != NativePrograms.State.NOT_SHOWN;
      boolean right = each.state() == NativePrograms.State.RIGHT;
      screen.line(
          String.format(
              "  %s %s: %s",
              shown ? screen.mark(right) : "-",
              each.program(),
              (shown ? "" : "not shown, ") + each.words()));
      check(!shown || right, each.program() + ": " + each.words());
    }
  }

  private void share(List<Tenant> tenants, NBodyState initial, int seconds, Path picture)
      throws IOException, InterruptedException {
    screen.heading(
        String.format(
            Locale.ROOT,
            "N-body with %,d bodies each, both at once, as fast as they can, for %d s",
            initial.count(),
            seconds));
    SharedSpan span = SharedSpan.run(tenants, initial, Duration.ofSeconds(seconds));
    print(span);
    for (SharedSpan.Part part : span.parts()) {
      ProgramResult lastStep = part.outcome().lastStep();
      check(lastStep.passed(), part.tenant() + "'s " + lastStep);
    }
    NBodyPicture.write(span.parts().get(0).outcome().state(), picture);
    screen.line("");
    screen.labelled("picture", picture + " (" + Sizes.bytes(Files.size(picture)) + ")");
  }

  private void print(SharedSpan span) {
    List<SharedSpan.Part> parts = span.parts();
    int weightSum = weights.values().stream().mapToInt(Integer::intValue).sum();
    screen.mainFigures("", each(parts, SharedSpan.Part::tenant));
    screen.figures(
        "share of the device: asked for",
        each(parts, part -> percent((double) part.weight() / weightSum)));
    screen.mainFigures("share of the device: got", each(parts, part -> percent(span.share(part))));
    screen.figures("kernels run", each(parts, part -> Sizes.count(part.use().kernels())));
    screen.figures("calls sent", each(parts, part -> Sizes.count(part.use().calls())));
    screen.figures(
        "of them waited for an answer", each(parts, part -> Sizes.count(part.use().waits())));
    screen.figures("bytes sent", each(parts, part -> Sizes.bytes(part.use().bytesSent())));
    screen.figures("bytes received", each(parts, part -> Sizes.bytes(part.use().bytesReceived())));
    screen.figures(
        "last step against the host",
        each(parts, part -> screen.mark(part.outcome().lastStep().passed())));
  }

  private static String[] each(
      List<SharedSpan.Part> parts, java.util.function.Function<SharedSpan.Part, String> figure) {
    return parts.stream().map(figure).toArray(String[]::new);
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  private void check(boolean right, String what) {
    if (!right) {
      wrong.add(what);
    }
  }
}
