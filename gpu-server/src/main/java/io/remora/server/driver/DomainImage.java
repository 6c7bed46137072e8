// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import io.remora.server.driver.DeviceImages.ImageDescription;
import io.remora.server.driver.DeviceImages.SamplingDescription;
import io.remora.server.driver.Domain.GlobalDescription;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a domain has beside the contents of its memory, so that another can stand in for it, with
 * every object under the handle that it had. Read from the domain's own objects, never kept beside
 * them; made of plain values only, so that another process could be given it.
 *
 * @param slabAddress first address of the slab
 * @param slabBytes size of the slab
 * @param streams without their work: none is pending
 * @param events with their latest records
 * @param modules by their images
 * @param objects textures and surfaces
 * @param heapBytes what {@link Domain#limitHeap} was told at last, or what there is without; -1 if
 *     the device has no heap for each domain
 * @param usedHeap what kernels have from {@code malloc}; null if none was launched that may call it
 * @param fault the {@code CUresult} that ended its work, or {@code CUDA_SUCCESS}
 * @param handles how the handles go on, so that none is given out twice
 */
public record DomainImage(
    long slabAddress,
    long slabBytes,
    List<StreamImage> streams,
    List<EventImage> events,
    List<LoadedImage> modules,
    List<ObjectImage> objects,
    long heapBytes,
    @Nullable UsedHeap usedHeap,
    int fault,
    HandleStates handles) {
  public DomainImage {
    streams = List.copyOf(streams);
    events = List.copyOf(events);
    modules = List.copyOf(modules);
    objects = List.copyOf(objects);
  }

  /**
   * A heap whose length can't be changed any more. Its contents are memory of the domain as the
   * slab's: {@link Domain#save} and {@link Domain#restore} have them.
   *
   * @param called whether a kernel has called {@code malloc} so far; if not, the rest is empty
   * @param start where its contents begin; 0 if it has no memory
   * @param bytes length of its contents
   * @param blocks what they consist of, as the driver says it
   */
  public record UsedHeap(boolean called, long start, long bytes, ByteBuffer blocks) {
    /** A heap that no kernel has asked for memory. */
    public static final UsedHeap UNTOUCHED = new UsedHeap(false, 0, 0, ByteBuffer.allocate(0));

    public UsedHeap {
      blocks = blocks.asReadOnlyBuffer();
    }

    /** A view of its own, so that reading it changes nothing. */
    @Override
    public ByteBuffer blocks() {
      return blocks.duplicate();
    }
  }

  /** A stream. */
  public record StreamImage(long handle, int priority) {}

  /**
   * An event.
   *
   * @param flags {@code CUevent_flags}
   * @param recordedNanos when its latest record came, by the clock of the driver; null if it was
   *     never recorded
   */
  public record EventImage(long handle, int flags, @Nullable Long recordedNanos) {}

  /**
   * A module.
   *
   * @param image as it was loaded
   * @param globals where its variables are, as far as anybody knows
   */
  public record LoadedImage(
      long handle,
      ByteBuffer image,
      List<FunctionImage> functions,
      List<GlobalDescription> globals) {
    public LoadedImage {
      functions = List.copyOf(functions);
      globals = List.copyOf(globals);
    }
  }

  /**
   * A kernel of a module.
   *
   * @param settings {@code CUfunction_attribute} values that a program has set
   */
  public record FunctionImage(String name, long handle, Map<Integer, Integer> settings) {
    public FunctionImage {
      settings = Map.copyOf(settings);
    }
  }

  /**
   * A texture, or a surface if there is no sampling.
   *
   * @param object what kernels name it by
   */
  public record ObjectImage(
      long object, ImageDescription image, @Nullable SamplingDescription sampling) {}

  /** How each kind of handle goes on. */
  public record HandleStates(
      Handles.State streams,
      Handles.State events,
      Handles.State modules,
      Handles.State functions,
      Handles.State objects) {}
}
