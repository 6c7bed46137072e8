// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * What one session owns on one device, seen from the driver: a slab of address space, streams,
 * events, modules, and a fault state of its own. On a real GPU all domains of a device share its
 * primary context.
 *
 * <p>Plain calls of the call table come from the generated {@link DriverCalls}. Calls that put work
 * on a stream return at once; the end is told to a {@link WorkObserver}. An implementation never
 * blocks its caller except in {@link #loadModule} (which may compile) and {@link #close}. Methods
 * may be called from any thread, but for one stream by one thread at a time. Handles are the
 * driver's own, never 0, meaningful in this domain only; arguments have been checked by the
 * session. A failure is a {@link DriverException}.
 */
public interface Domain extends DriverCalls, AutoCloseable {
  /** First address of the slab. */
  long slabAddress();

  /** Size of the slab's address space in bytes, a power of two. */
  long slabBytes();

  /** Granularity of {@link #commit} in bytes, a power of two. */
  long granuleBytes();

  /**
   * Backs a part of the slab with zeroed memory.
   *
   * @throws DriverException {@code CUDA_ERROR_OUT_OF_MEMORY} if the device has no more; nothing has
   *     changed then
   */
  void commit(long address, long bytes);

  /**
   * Takes the memory behind a part of the slab away. No work that uses it may be pending. When
   * committed again it reads as zeros.
   */
  void decommit(long address, long bytes);

  /**
   * Reads committed memory at once; no work of the domain is on a stream. Call it on a worker.
   *
   * @param into its remaining bytes are filled
   * @throws DriverException {@code CUDA_ERROR_NOT_SUPPORTED} if the device's memory can't be taken
   *     to the host and back
   */
  default void save(long address, ByteBuffer into) {
    throw new DriverException(
        CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "this device's memory can't be saved");
  }

  /** Writes committed memory at once, as {@link #save} reads it. */
  default void restore(long address, ByteBuffer from) {
    throw new DriverException(
        CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "this device's memory can't be restored");
  }

  /**
   * Loads a module. May take seconds; call it on a worker.
   *
   * @param image PTX text, a fatbin or a cubin
   * @param placer gives memory of the slab for the module's global variables, where the driver can
   *     place them; see {@link #findGlobal}
   * @throws DriverException {@code CUDA_ERROR_INVALID_PTX} with line and column, {@code
   *     CUDA_ERROR_NO_BINARY_FOR_GPU}, {@code CUDA_ERROR_INVALID_IMAGE}
   */
  ModuleDescription loadModule(ByteBuffer image, GlobalPlacer placer);

  /**
   * Links and compiles an image as {@link #loadModule} would, and keeps the outcome for whoever
   * loads it. May take seconds; call it on a worker.
   *
   * @param image as for {@link #loadModule}
   * @throws DriverException as {@link #loadModule}; the detail is what a linker's log says
   */
  void linkModule(ByteBuffer image);

  /**
   * Where a variable is that the driver has placed itself and not by the placer: modules on a real
   * GPU bring their own memory. Ends with the module. May take long; call it on a worker.
   *
   * @return empty if the module has no variable of that name
   */
  default Optional<GlobalDescription> findGlobal(long module, String name) {
    return Optional.empty();
  }

  /** Unloads a module; the session has made sure that nothing pending uses it. */
  void unloadModule(long module);

  /**
   * @param flags {@code CUstream_flags}
   * @param priority within the device's range
   */
  long createStream(int flags, int priority);

  /** Destroys a stream once the work on it is over; returns at once. */
  void destroyStream(long stream);

  /**
   * @param flags {@code CUevent_flags}
   */
  long createEvent(int flags);

  /** Destroys an event; pending records of it still complete. */
  void destroyEvent(long event);

  /**
   * Textures and surfaces.
   *
   * @throws DriverException {@code CUDA_ERROR_NOT_SUPPORTED} where the driver has none
   */
  default DeviceImages images() {
    throw new DriverException(
        CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "this device has no arrays, textures, surfaces");
  }

  /** Puts a kernel on a stream. */
  void launch(long stream, Launch launch, WorkObserver observer);

  /**
   * Copies host bytes to the device. The buffer belongs to the driver until the observer is told.
   */
  void copyToDevice(long stream, long destination, ByteBuffer source, WorkObserver observer);

  /**
   * Reads device memory when the stream gets there. The stream stands still until the reader is
   * finished, so that later work on it can't change what is read.
   */
  void copyToHost(long stream, long source, long bytes, HostReader reader, WorkObserver observer);

  /** Copies within the device; either end may be in another domain's slab of the same session. */
  void copyOnDevice(long stream, long destination, long source, long bytes, WorkObserver observer);

  /**
   * As {@link #copyOnDevice} for rows.
   *
   * @param destinationPitch bytes from one row to the next
   * @param sourcePitch bytes from one row to the next
   * @param width bytes of each row that are copied
   * @param height number of rows
   */
  default void copyRowsOnDevice(
      long destination,
      long destinationPitch,
      long source,
      long sourcePitch,
      long width,
      long height,
      long stream,
      WorkObserver observer) {
    throw new DriverException(
        CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "this driver has no copies of rows");
  }

  /** Records an event: it completes when all work before it on the stream is over. */
  void recordEvent(long event, long stream, WorkObserver observer);

  /** Makes later work on the stream wait for the latest record of the event. */
  void waitEvent(long stream, long event, WorkObserver observer);

  /**
   * Stops the stream until {@code resume} is run, after {@code reached} was told that all work
   * before it is over: how host callbacks and synchronisation with other queues are done.
   */
  void pause(long stream, StreamPause pause, WorkObserver observer);

  /** {@code CUDA_SUCCESS}, {@code CUDA_ERROR_NOT_READY} or the domain's fault. */
  int queryStream(long stream);

  /** {@code CUDA_SUCCESS}, {@code CUDA_ERROR_NOT_READY} or the domain's fault. */
  int queryEvent(long event);

  /**
   * Stops kernels that run for longer than allowed: the domain then has the fault {@code
   * CUDA_ERROR_LAUNCH_TIMEOUT}, and the others of the device go on.
   *
   * @param nanosMax how long a kernel may run; 0: for ever; asked again and again, on any thread
   * @return false if the device can't stop kernels; nothing has changed then
   */
  default boolean limitKernelTime(LongSupplier nanosMax) {
    return false;
  }

  /**
   * Has all kernels keep to the slab, whatever they do: those of modules that are loaded from now
   * on. Called before there are any.
   *
   * @return false if the device can't do that; nothing has changed then
   */
  default boolean fenceKernels() {
    return false;
  }

  /**
   * Sets how much memory kernels may hold from {@code malloc} at once.
   *
   * @param bytes not negative
   * @return false if the device has no heap for each domain; nothing has changed then
   * @throws DriverException {@code CUDA_ERROR_INVALID_VALUE} if a kernel that uses {@code malloc}
   *     or {@code free} was launched already, {@code CUDA_ERROR_OUT_OF_MEMORY} if there is no room
   */
  default boolean limitHeap(long bytes) {
    return false;
  }

  /**
   * What another domain needs to stand in for this one; see {@link Driver#reopen}. No work is
   * pending. Works also when the domain is lost ({@link FaultListener#onLost}).
   *
   * @throws DriverException {@code CUDA_ERROR_NOT_SUPPORTED} if something of it can't be had again:
   *     the detail says what
   */
  default DomainImage image() {
    throw new DriverException(
        CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "this device's sessions can't be moved");
  }

  /**
   * Creates the objects of an image under the handles that they had; once, in a domain that {@link
   * Driver#reopen} has opened for it. The memory of the modules' variables is committed, and gets
   * their initial values. May take seconds; call it on a worker.
   *
   * @throws DriverException if something can't be created; then the domain is good for nothing
   */
  default void adopt(DomainImage image) {
    throw new DriverException(
        CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "this device's sessions can't be moved");
  }

  /**
   * From now on the addresses of the slab are this domain's and no longer those of the one whose
   * image it has adopted, which will be closed.
   */
  default void takeOver() {}

  /** The fault that ended this domain, or {@code CUDA_SUCCESS}. */
  int fault();

  /**
   * Cancels what is pending (running kernels are stopped where the device can), waits until nothing
   * uses the slab any more, and frees everything. Call it on a worker.
   */
  @Override
  void close();

  /** Gives out memory of the slab for a module's variables. */
  @FunctionalInterface
  interface GlobalPlacer {
    /**
     * @param alignment a power of two; memory that is aligned to more than 512 bytes shares no such
     *     piece with any other
     * @return an address in the slab, committed, at least 256-byte aligned
     * @throws DriverException {@code CUDA_ERROR_OUT_OF_MEMORY}
     */
    long place(String name, long bytes, int alignment);
  }

  /** Extent of a cluster in blocks, as a launch asks for it; all 0 if it asks for none. */
  record Cluster(int x, int y, int z) {
    /** None is asked for. */
    public static final Cluster NONE = new Cluster(0, 0, 0);

    /** Whether it is more than one block, or can't be. */
    public boolean isOfSeveral() {
      return !equals(NONE) && (x != 1 || y != 1 || z != 1);
    }
  }

  /**
   * A kernel's grid and arguments. {@code parameters} is laid out as {@link ModuleDescription}
   * says.
   */
  record Launch(
      long function,
      int gridX,
      int gridY,
      int gridZ,
      int blockX,
      int blockY,
      int blockZ,
      int sharedBytes,
      boolean cooperative,
      Cluster cluster,
      ByteBuffer parameters) {

    /** A launch that asks for no clusters. */
    public Launch(
        long function,
        int gridX,
        int gridY,
        int gridZ,
        int blockX,
        int blockY,
        int blockZ,
        int sharedBytes,
        boolean cooperative,
        ByteBuffer parameters) {
      this(
          function,
          gridX,
          gridY,
          gridZ,
          blockX,
          blockY,
          blockZ,
          sharedBytes,
          cooperative,
          Cluster.NONE,
          parameters);
    }

    /** The same launch in another manner. */
    public Launch with(boolean otherCooperative, Cluster otherCluster) {
      return new Launch(
          function,
          gridX,
          gridY,
          gridZ,
          blockX,
          blockY,
          blockZ,
          sharedBytes,
          otherCooperative,
          otherCluster,
          parameters);
    }
  }

  /** Takes device memory in pieces, at its own pace. */
  interface HostReader {
    /** The stream has got there: read pieces until {@link DeviceBytes#finish}. Must not block. */
    void begin(DeviceBytes bytes);
  }

  /** Device memory that stands still until finished with. */
  interface DeviceBytes {
    /**
     * Fills {@code into} (all of its remaining bytes) from {@code offset} in the range.
     *
     * @param done told when {@code into} is filled, possibly before this method returns
     */
    void read(long offset, ByteBuffer into, WorkObserver done);

    /** The range may change from now on. Exactly once. */
    void finish();
  }

  /** A stop on a stream. */
  @FunctionalInterface
  interface StreamPause {
    /** All earlier work is over with {@code result}; the stream goes on after {@code resume}. */
    void reached(int result, Runnable resume);
  }

  /**
   * A loaded module.
   *
   * @param module the driver's handle
   * @param functions every kernel of the module
   * @param globals every global and constant variable with its place
   */
  record ModuleDescription(
      long module, List<FunctionDescription> functions, List<GlobalDescription> globals) {
    public ModuleDescription {
      functions = List.copyOf(functions);
      globals = List.copyOf(globals);
    }
  }

  /**
   * @param function the driver's handle
   * @param attributes {@code CUfunction_attribute} value to attribute value
   * @param parameters in order
   * @param parameterBytes size of the packed parameters
   */
  record FunctionDescription(
      long function,
      String name,
      Map<Integer, Integer> attributes,
      List<ParameterDescription> parameters,
      int parameterBytes) {
    public FunctionDescription {
      attributes = Map.copyOf(attributes);
      parameters = List.copyOf(parameters);
    }
  }

  /** Where a kernel parameter lies in the packed parameters, in bytes. */
  record ParameterDescription(int offset, int size) {}

  /** A module's variable and where it was placed. */
  record GlobalDescription(String name, long address, long bytes) {}
}
