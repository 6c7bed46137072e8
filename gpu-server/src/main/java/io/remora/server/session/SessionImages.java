// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;
import io.remora.server.driver.Domain.FunctionDescription;
import io.remora.server.driver.Domain.GlobalDescription;
import io.remora.server.driver.DomainImage;
import io.remora.v1.CUresult;
import io.remora.v1.FunctionParameter;
import io.remora.v1.SessionImage;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes down a session that is at rest, for another server. Reads what the session's objects are
 * and changes nothing. Belongs to the session's serial executor; used once.
 */
final class SessionImages {
  private final ClientSession session;
  private final SessionObjects objects;
  private final SessionCalls calls;
  private final SessionImage.Builder image = SessionImage.newBuilder();
  private final Map<SessionModule, Integer> modules = new IdentityHashMap<>();

  /** What modules were loaded from, by hash. */
  private final Map<ByteString, ByteBuffer> loaded = new LinkedHashMap<>();

  private SessionImages(ClientSession session) {
    this.session = session;
    this.objects = session.objects();
    this.calls = session.calls();
  }

  /**
   * Writes down a session.
   *
   * @param waiting frames of the client that aren't carried out
   * @throws Unmovable if something of it can't be carried to another server
   * @throws io.remora.server.driver.DriverException as {@link Unmovable}
   */
  static Cargo write(ClientSession session, List<byte[]> waiting) {
    SessionImages writing = new SessionImages(session);
    writing.all(waiting);
    return new Cargo(writing.image.build(), writing.loaded, session.objects().devices());
  }

  private void all(List<byte[]> waiting) {
    image
        .setId(session.id())
        .setTenant(session.grant().tenant())
        .setTold(Handshake.told(session, objects.devices()))
        .setLink(link(waiting))
        .setNextNode(session.captures().nextNodeHandle())
        .setCaptures(session.captures().count())
        .setNextCallback(calls.callbacks().nextNodeNumber())
        .setFaultTold(session.errors().stickyTold())
        .setPart(session.part().image());
    objects.devices().forEach(each -> image.addDevices(device(each)));
    objects.allContexts().forEach(each -> image.addContexts(context(each)));
    objects.streams().byHandle().forEach((handle, each) -> image.addStreams(stream(handle, each)));
    objects.events().byHandle().forEach((handle, each) -> image.addEvents(event(handle, each)));
    modules();
    libraries();
    objects
        .functions()
        .byHandle()
        .forEach((handle, each) -> image.addFunctions(function(handle, each)));
    calls.arrays().all().forEach(each -> image.addArrays(array(each)));
    image.addAllPhysicalMemories(calls.virtualMemory().images());
    new GraphImages(objects, image).write();
    image.addAllOpenCaptures(new CaptureImages(objects).write(session.captures().active()));
    image.setFormat(SessionFormats.of(image));
  }

  private SessionImage.Link link(List<byte[]> waiting) {
    SessionImage.Link.Builder link =
        SessionImage.Link.newBuilder().setResumes(session.meter().resumes());
    session.flow().describe(link);
    session.link().describe(link);
    link.setLastSequence(session.frames().lastSequence());
    waiting.forEach(frame -> link.addWaiting(ByteString.copyFrom(frame)));
    return link.build();
  }

  private SessionImage.Device device(SessionDevice device) {
    if (!device.prints().isEmpty()) {
      throw new Unmovable("what its kernels have printed isn't sent yet");
    }
    DomainImage domain = device.domain().image();
    if (device.fault() != domain.fault()) {
      throw new Unmovable("the session has a fault");
    }
    SessionImage.Device.Builder written =
        SessionImage.Device.newBuilder()
            .setDomain(DomainStates.write(domain, session.services().driver().nanos(), this::hash))
            .setSlab(device.memory().image())
            .setGranuleBytes(device.domain().granuleBytes())
            .setChargedBytes(device.chargedBytes())
            .addAllBacked(device.residency().backed())
            .setPrintBytesMax(device.prints().bytesMax())
            .setGraphUse(calls.memory().ofGraphs().image(device));
    if (device.fault() != CUresult.CUDA_SUCCESS_VALUE) {
      written.setFault(
          SessionImage.Fault.newBuilder()
              .setResult(device.fault())
              .setDetail(device.faultDetail()));
    }
    device.pools().describe(written);
    device.virtualMemory().describe(written);
    return written.build();
  }

  private ByteString hash(ByteBuffer module) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(module.duplicate());
      ByteString hash = ByteString.copyFrom(digest.digest());
      loaded.put(hash, module);
      return hash;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static SessionImage.Context context(VirtualContext context) {
    return SessionImage.Context.newBuilder()
        .setHandle(context.handle())
        .setDevice(context.device().ordinal())
        .putAllLimits(context.limits())
        .setLegacy(stream(0, context.legacy()))
        .build();
  }

  private static SessionImage.Stream stream(long handle, SessionStream stream) {
    return SessionImage.Stream.newBuilder()
        .setHandle(handle)
        .setContext(stream.context().handle())
        .setDriver(stream.driverStream())
        .setFlags(stream.flags())
        .setPriority(stream.priority())
        .setOrderEvent(stream.orderEvent())
        .build();
  }

  private static SessionImage.Event event(long handle, SessionEvent event) {
    return SessionImage.Event.newBuilder()
        .setHandle(handle)
        .setContext(event.context().handle())
        .setDriver(event.driverEvent())
        .setRecorded(event.isRecorded())
        .build();
  }

  private void modules() {
    Map<SessionModule, List<Long>> handles = new IdentityHashMap<>();
    List<SessionModule> order = new ArrayList<>();
    objects
        .modules()
        .byHandle()
        .forEach((handle, module) -> named(module, order, handles).add(handle));
    for (SessionLibrary library : objects.libraries().byHandle().values()) {
      library.modules().values().forEach(module -> named(module, order, handles));
    }
    for (SessionModule module : order) {
      modules.put(module, modules.size());
      image.addModules(module(module).addAllHandles(handles.getOrDefault(module, List.of())));
    }
  }

  private static List<Long> named(
      SessionModule module, List<SessionModule> order, Map<SessionModule, List<Long>> handles) {
    return handles.computeIfAbsent(
        module,
        added -> {
          order.add(added);
          return new ArrayList<>();
        });
  }

  private static SessionImage.Module.Builder module(SessionModule module) {
    SessionImage.Module.Builder written =
        SessionImage.Module.newBuilder()
            .setDevice(module.device().ordinal())
            .setOwner(module.owner())
            .setDriver(module.description().module())
            .addAllFunctionHandles(module.functionHandles());
    module.description().functions().forEach(each -> written.addKernels(kernel(each)));
    List<GlobalDescription> described = module.description().globals();
    described.forEach(each -> written.addDescribed(DomainStates.variable(each)));
    module.globals().stream()
        .filter(each -> !described.contains(each))
        .forEach(each -> written.addFound(DomainStates.variable(each)));
    module.variables().forEach(each -> written.addMemory(each.address()));
    return written;
  }

  private static SessionImage.Kernel kernel(FunctionDescription function) {
    SessionImage.Kernel.Builder written =
        SessionImage.Kernel.newBuilder()
            .setDriver(function.function())
            .setName(function.name())
            .putAllAttributes(function.attributes())
            .setParameterBytes(function.parameterBytes());
    function
        .parameters()
        .forEach(
            each ->
                written.addParameters(
                    FunctionParameter.newBuilder().setOffset(each.offset()).setSize(each.size())));
    return written.build();
  }

  private void libraries() {
    objects
        .libraries()
        .byHandle()
        .forEach(
            (handle, library) -> {
              SessionImage.Library.Builder written =
                  SessionImage.Library.newBuilder()
                      .setHandle(handle)
                      .addAllFunctionHandles(library.functionHandles())
                      .addAllModuleHandles(library.moduleHandles());
              library
                  .modules()
                  .values()
                  .forEach(each -> written.addModules(modules.getOrDefault(each, 0)));
              image.addLibraries(written);
            });
  }

  private static SessionImage.Function function(long handle, SessionFunction function) {
    SessionImage.Function.Builder written = SessionImage.Function.newBuilder().setHandle(handle);
    function
        .instances()
        .forEach(
            (device, instance) ->
                written.addInstances(
                    SessionImage.Function.Instance.newBuilder()
                        .setDevice(device.ordinal())
                        .setDriver(instance.handle())));
    return written.build();
  }

  private static SessionImage.Array array(SessionArray array) {
    SessionArray.Shape shape = array.shape();
    return SessionImage.Array.newBuilder()
        .setAddress(array.allocation().address())
        .setDevice(array.device().ordinal())
        .setWidth(shape.width())
        .setHeight(shape.height())
        .setDepth(shape.depth())
        .setFormat(shape.format())
        .setChannels(shape.channels())
        .setFlags(shape.flags())
        .build();
  }
}
