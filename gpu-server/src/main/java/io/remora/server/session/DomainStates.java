// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;
import io.remora.server.driver.DeviceImages.ImageDescription;
import io.remora.server.driver.DeviceImages.Kind;
import io.remora.server.driver.DeviceImages.SamplingDescription;
import io.remora.server.driver.Domain.GlobalDescription;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.DomainImage.EventImage;
import io.remora.server.driver.DomainImage.FunctionImage;
import io.remora.server.driver.DomainImage.HandleStates;
import io.remora.server.driver.DomainImage.LoadedImage;
import io.remora.server.driver.DomainImage.ObjectImage;
import io.remora.server.driver.DomainImage.StreamImage;
import io.remora.server.driver.DomainImage.UsedHeap;
import io.remora.server.driver.Handles;
import io.remora.v1.CUresult;
import io.remora.v1.SessionImage;
import io.remora.v1.SessionImage.Domain;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a driver says of a domain, as bytes for another server and back. */
final class DomainStates {
  /** As many as a driver has of one kind. */
  private static final int HANDLES_MAX = 1 << 20;

  private static final long SLOT_MASK = (1 << 24) - 1;

  private DomainStates() {}

  /**
   * Writes down what a domain has.
   *
   * @param nowNanos the driver's clock
   * @param hash names a module's image
   */
  static Domain.Builder write(
      DomainImage image, long nowNanos, Function<ByteBuffer, ByteString> hash) {
    Domain.Builder domain =
        Domain.newBuilder()
            .setSlabAddress(image.slabAddress())
            .setSlabBytes(image.slabBytes())
            .setStreamHandles(write(image.handles().streams()))
            .setEventHandles(write(image.handles().events()))
            .setModuleHandles(write(image.handles().modules()))
            .setFunctionHandles(write(image.handles().functions()))
            .setObjectHandles(write(image.handles().objects()));
    if (image.heapBytes() >= 0) {
      domain.setHeapBytes(image.heapBytes());
    }
    UsedHeap heap = image.usedHeap();
    if (heap != null) {
      domain.setUsedHeap(write(heap));
    }
    domain.setFault(image.fault());
    for (StreamImage stream : image.streams()) {
      domain.addStreams(
          Domain.Stream.newBuilder().setHandle(stream.handle()).setPriority(stream.priority()));
    }
    for (EventImage event : image.events()) {
      Domain.Event.Builder written =
          Domain.Event.newBuilder().setHandle(event.handle()).setFlags(event.flags());
      Long recorded = event.recordedNanos();
      if (recorded != null) {
        written.setAgeNanos(nowNanos - recorded);
      }
      domain.addEvents(written);
    }
    for (LoadedImage module : image.modules()) {
      domain.addModules(write(module, hash));
    }
    for (ObjectImage object : image.objects()) {
      domain.addObjects(write(object));
    }
    return domain;
  }

  private static Domain.UsedHeap.Builder write(UsedHeap heap) {
    return Domain.UsedHeap.newBuilder()
        .setCalled(heap.called())
        .setStart(heap.start())
        .setBytes(heap.bytes())
        .setBlocks(ByteString.copyFrom(heap.blocks()));
  }

  /**
   * What kernels have from {@code malloc}; null if none was launched that may call it. Who restores
   * it checks what it is made of.
   *
   * @throws IllegalArgumentException if it can't be so
   */
  static @Nullable UsedHeap usedHeap(Domain domain) {
    if (!domain.hasUsedHeap()) {
      return null;
    }
    Domain.UsedHeap heap = domain.getUsedHeap();
    require(domain.hasHeapBytes(), "a heap in use without a length");
    require(heap.getBytes() >= 0, "such a heap");
    require(
        heap.getCalled()
            || heap.getStart() == 0 && heap.getBytes() == 0 && heap.getBlocks().isEmpty(),
        "blocks of a heap without a call");
    return new UsedHeap(
        heap.getCalled(),
        heap.getStart(),
        heap.getBytes(),
        heap.getBlocks().asReadOnlyByteBuffer());
  }

  private static Domain.Handles write(Handles.State state) {
    return Domain.Handles.newBuilder()
        .setUsed(state.used())
        .addAllReusable(state.reusable())
        .build();
  }

  private static Domain.Module write(LoadedImage module, Function<ByteBuffer, ByteString> hash) {
    Domain.Module.Builder written =
        Domain.Module.newBuilder()
            .setHandle(module.handle())
            .setSha256(hash.apply(module.image()))
            .setImageBytes(module.image().remaining());
    for (FunctionImage function : module.functions()) {
      written.addFunctions(
          Domain.Function.newBuilder()
              .setName(function.name())
              .setHandle(function.handle())
              .putAllSettings(function.settings()));
    }
    module.globals().forEach(global -> written.addVariables(variable(global)));
    return written.build();
  }

  static SessionImage.Variable variable(GlobalDescription global) {
    return SessionImage.Variable.newBuilder()
        .setName(global.name())
        .setAddress(global.address())
        .setBytes(global.bytes())
        .build();
  }

  static GlobalDescription global(SessionImage.Variable variable) {
    return new GlobalDescription(variable.getName(), variable.getAddress(), variable.getBytes());
  }

  private static Domain.Object write(ObjectImage object) {
    ImageDescription image = object.image();
    Domain.Object.Builder written =
        Domain.Object.newBuilder()
            .setObject(object.object())
            .setFormat(image.format())
            .setChannels(image.channels())
            .setKind(image.kind().ordinal())
            .setAddress(image.address())
            .setWidth(image.width())
            .setHeight(image.height())
            .setDepth(image.depth())
            .setPitch(image.pitch())
            .setSlicePitch(image.slicePitch());
    SamplingDescription sampling = object.sampling();
    if (sampling != null) {
      written.setSampling(
          Domain.Sampling.newBuilder()
              .addAllAddressModes(sampling.addressModes())
              .setFilterMode(sampling.filterMode())
              .setFlags(sampling.flags())
              .addAllBorder(sampling.border()));
    }
    return written.build();
  }

  /**
   * Reads what a domain of another server has.
   *
   * @param nowNanos this driver's clock
   * @param modules gives the module with a hash and a size
   * @throws IllegalArgumentException if it can't be so
   */
  static DomainImage read(
      Domain domain, long nowNanos, BiFunction<ByteString, Integer, ByteBuffer> modules) {
    List<EventImage> events =
        domain.getEventsList().stream()
            .map(each -> new EventImage(each.getHandle(), each.getFlags(), time(each, nowNanos)))
            .toList();
    List<LoadedImage> loaded =
        domain.getModulesList().stream().map(each -> read(each, modules)).toList();
    return new DomainImage(
        domain.getSlabAddress(),
        domain.getSlabBytes(),
        domain.getStreamsList().stream()
            .map(each -> new StreamImage(each.getHandle(), each.getPriority()))
            .toList(),
        events,
        loaded,
        domain.getObjectsList().stream().map(DomainStates::read).toList(),
        heapBytes(domain),
        usedHeap(domain),
        fault(domain),
        new HandleStates(
            read(
                domain.getStreamHandles(),
                domain.getStreamsList().stream().map(Domain.Stream::getHandle).toList()),
            read(
                domain.getEventHandles(),
                domain.getEventsList().stream().map(Domain.Event::getHandle).toList()),
            read(
                domain.getModuleHandles(),
                domain.getModulesList().stream().map(Domain.Module::getHandle).toList()),
            read(
                domain.getFunctionHandles(),
                domain.getModulesList().stream()
                    .flatMap(each -> each.getFunctionsList().stream())
                    .map(Domain.Function::getHandle)
                    .toList()),
            objects(domain.getObjectHandles())));
  }

  private static int fault(Domain domain) {
    int fault = domain.getFault();
    require(fault == CUresult.CUDA_SUCCESS_VALUE || Results.isSticky(fault), "such a fault");
    return fault;
  }

  private static long heapBytes(Domain domain) {
    require(domain.getHeapBytes() >= 0, "such a heap");
    return domain.hasHeapBytes() ? domain.getHeapBytes() : -1;
  }

  private static @Nullable Long time(Domain.Event event, long nowNanos) {
    return event.hasAgeNanos() ? nowNanos - event.getAgeNanos() : null;
  }

  /** Each handle has a slot of its own that was used. */
  private static Handles.State read(Domain.Handles handles, List<Long> given) {
    int used = handles.getUsed();
    require(used >= 0 && used <= HANDLES_MAX, "so many handles");
    Set<Long> slots = new HashSet<>();
    for (List<Long> some : List.of(given, handles.getReusableList())) {
      for (long handle : some) {
        long slot = handle & SLOT_MASK;
        require(slot < used && slots.add(slot), "two handles for one slot");
      }
    }
    return new Handles.State(used, handles.getReusableList());
  }

  /** Textures and surfaces have numbers of another kind; who restores them checks them. */
  private static Handles.State objects(Domain.Handles handles) {
    require(handles.getUsed() >= 0 && handles.getUsed() <= HANDLES_MAX, "so many objects");
    require(handles.getReusableCount() <= handles.getUsed(), "so many numbers to use again");
    return new Handles.State(handles.getUsed(), handles.getReusableList());
  }

  private static LoadedImage read(
      Domain.Module module, BiFunction<ByteString, Integer, ByteBuffer> modules) {
    return new LoadedImage(
        module.getHandle(),
        modules.apply(module.getSha256(), module.getImageBytes()),
        module.getFunctionsList().stream()
            .map(each -> new FunctionImage(each.getName(), each.getHandle(), each.getSettingsMap()))
            .toList(),
        module.getVariablesList().stream().map(DomainStates::global).toList());
  }

  private static ObjectImage read(Domain.Object object) {
    Kind[] kinds = Kind.values();
    require(object.getKind() >= 0 && object.getKind() < kinds.length, "such images");
    SamplingDescription sampling = null;
    if (object.hasSampling()) {
      Domain.Sampling read = object.getSampling();
      require(
          read.getAddressModesCount() == 3 && read.getBorderCount() == 4,
          "textures without address modes and a border");
      sampling =
          new SamplingDescription(
              read.getAddressModesList(),
              read.getFilterMode(),
              read.getFlags(),
              read.getBorderList());
    }
    return new ObjectImage(
        object.getObject(),
        new ImageDescription(
            object.getFormat(),
            object.getChannels(),
            kinds[object.getKind()],
            object.getAddress(),
            object.getWidth(),
            object.getHeight(),
            object.getDepth(),
            object.getPitch(),
            object.getSlicePitch()),
        sampling);
  }

  private static void require(boolean right, String what) {
    if (!right) {
      throw new IllegalArgumentException("a domain can't have " + what);
    }
  }
}
