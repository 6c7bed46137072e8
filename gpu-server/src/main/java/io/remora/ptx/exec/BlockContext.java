// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import io.remora.ptx.KernelFault;
import io.remora.ptx.LaunchShape;
import io.remora.ptx.image.SurfaceUnit;
import io.remora.ptx.image.TextureUnit;
import io.remora.ptx.matrix.MatrixProduct;
import io.remora.ptx.memory.Access;
import io.remora.ptx.memory.DeviceMemory;
import io.remora.ptx.memory.ScratchArea;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What the compiled code of a kernel sees of its block. One worker owns it and uses it for one
 * block after the other of one launch. Fields are public because generated code reads them.
 */
public final class BlockContext {
  /** Iterations of loops that a region runs before it looks at the launch again. */
  public static final int FUEL = 1 << 16;

  /** Length of a block's parameter memory; the longest parameter block that CUDA allows fits. */
  public static final int PARAMETER_BYTES = 32 << 10;

  // Extents.
  public final DeviceMemory memory;
  public final int threads;
  public final int ntidX;
  public final int ntidY;
  public final int ntidZ;
  public final int nctaidX;
  public final int nctaidY;
  public final int nctaidZ;
  public final int[] tidX;
  public final int[] tidY;
  public final int[] tidZ;
  public int ctaidX;
  public int ctaidY;
  public int ctaidZ;

  // Memory of the block. Host addresses never leave the engine.
  public final long[] globals;
  public final long parameterHost;
  public final long parameterAddress;
  public final long parameterBytes;
  public final long sharedHost;
  public final long sharedAddress;
  public final long sharedBytes;

  /** The bits that no shared offset has: shared memory is rounded up to a power of two. */
  public final long sharedOutside;

  /** Added to a checked device address. */
  public final long toHost;

  public final int dynamicSharedBytes;
  public final long localHost;
  public final long localAddress;
  public final long localBytes;

  // State of the threads between regions: slot * threads + thread.
  public final int[] state;
  public final int[] frameInt;
  public final long[] frameLong;
  public final float[] frameFloat;
  public final double[] frameDouble;

  /**
   * By the number of a row's first thread: the registers, as bits in the order of {@link
   * CompiledKernel#kept}, of which only the first thread has the value of late.
   */
  public final long[] keptOnce;

  // Operands and outcome of the suspension that each thread is in.
  public final int[] operandA;
  public final int[] operandB;
  public final int[] operandC;
  public final int[] mask;
  public final long[] operandLong;
  public final int[] result;
  public final int[] resultPredicate;

  /** Registers of matrices: {@link MatrixProduct#WORDS} for each thread of whole warps. */
  public final int[] fragments;

  /** The thread that runs now, to name it in a fault. */
  public int lane;

  /** The thread behind those that {@link KernelCode#rows} has refused. */
  public int refusedTo;

  /** Whether a thread has left {@link KernelCode#rows} in another than the usual state. */
  public boolean scattered;

  /** Where the next {@code alloca} of each thread takes from, if the kernel has any. */
  private final long[] stack;

  private final long stackStart;

  // Most kernels have no images.
  private @Nullable TextureUnit textures;
  private @Nullable SurfaceUnit surfaces;

  /** The block's place in its cluster. */
  public final BlockCluster cluster;

  private final KeptRows rows;
  private final Launch launch;
  private int worker;

  /**
   * @param launch the launch
   * @param piece scratch memory of the block's cluster: shared memory of all its blocks, and then
   *     parameter and local memory of each
   * @param rank which block of its cluster
   * @param barrier the cluster's barrier, or null if nobody waits at it
   * @param worker number of the worker, reported as multiprocessor
   */
  BlockContext(
      Launch launch,
      ScratchArea.Piece piece,
      int rank,
      @Nullable ClusterBarrier barrier,
      int worker) {
    this.launch = launch;
    this.worker = worker;
    CompiledKernel compiled = launch.compiled();
    LaunchShape shape = launch.shape();
    memory = launch.memory();
    globals = launch.globals();
    threads = shape.threadsPerBlock();
    ntidX = shape.blockX();
    ntidY = shape.blockY();
    ntidZ = shape.blockZ();
    nctaidX = shape.gridX();
    nctaidY = shape.gridY();
    nctaidZ = shape.gridZ();
    tidX = launch.threadIds().x();
    tidY = launch.threadIds().y();
    tidZ = launch.threadIds().z();
    dynamicSharedBytes = shape.dynamicSharedBytes();
    sharedBytes = launch.sharedBytes();
    long window = sharedWindow(sharedBytes);
    int blocks = shape.cluster().blocks();
    long sharedOffset = rank * BlockCluster.stride(window);
    sharedHost = piece.host() + sharedOffset;
    sharedAddress = piece.address() + sharedOffset;
    sharedOutside = -window;
    toHost = memory.toHost();
    long parameterOffset =
        clusterSharedBytes(sharedBytes, blocks) + rank * ownBytes(compiled, threads);
    parameterHost = piece.host() + parameterOffset;
    parameterAddress = piece.address() + parameterOffset;
    parameterBytes = compiled.kernel().parameterBytes();
    long localOffset = parameterOffset + align(parameterBytes, 256);
    localHost = piece.host() + localOffset;
    localAddress = piece.address() + localOffset;
    localBytes = align(compiled.kernel().localBytes(), 16);
    launch.copyParameters(piece.address() + parameterOffset);
    cluster = new BlockCluster(this, shape, rank, piece.address(), barrier);
    stackStart = compiled.stackStart();
    stack = new long[stackStart < 0 ? 0 : threads];
    int waiting = compiled.waits().any() ? threads : 0;
    state = new int[waiting];
    frameInt = new int[compiled.frameInts() * threads];
    frameLong = new long[compiled.frameLongs() * threads];
    frameFloat = new float[compiled.frameFloats() * threads];
    frameDouble = new double[compiled.frameDoubles() * threads];
    keptOnce = new long[compiled.kept().isEmpty() ? 0 : threads];
    rows = new KeptRows(compiled.kept(), keptOnce);
    operandA = new int[waiting];
    operandB = new int[waiting];
    operandC = new int[waiting];
    mask = new int[waiting];
    int wholeWarps = waiting + 31 & -32;
    operandLong = new long[wholeWarps];
    result = new int[waiting];
    resultPredicate = new int[waiting];
    fragments = new int[compiled.hasFragments() ? (threads + 31 & -32) * MatrixProduct.WORDS : 0];
  }

  /** Scratch memory that the blocks of one cluster need, which may be one block. */
  static long scratchBytes(CompiledKernel compiled, long sharedBytes, int threads, int blocks) {
    return clusterSharedBytes(sharedBytes, blocks) + blocks * ownBytes(compiled, threads);
  }

  /** Shared memory of all blocks of a cluster, with what lies between. */
  private static long clusterSharedBytes(long sharedBytes, int blocks) {
    long window = sharedWindow(sharedBytes);
    return align((blocks - 1) * BlockCluster.stride(window) + window, 256);
  }

  /** Parameter and local memory of one block. */
  private static long ownBytes(CompiledKernel compiled, int threads) {
    return align(
        align(compiled.kernel().parameterBytes(), 256)
            + align(compiled.kernel().localBytes(), 16) * threads
            + 16,
        256);
  }

  private static long sharedWindow(long bytes) {
    return bytes <= 16 ? 16 : Long.highestOneBit(bytes - 1) << 1;
  }

  private static long align(long bytes, long to) {
    return (bytes + to - 1) & -to;
  }

  void startBlock(long block) {
    Arrays.fill(stack, stackStart);
    rows.reset();
    ctaidX = (int) (block % nctaidX);
    long rest = block / nctaidX;
    ctaidY = (int) (rest % nctaidY);
    ctaidZ = (int) (rest / nctaidY);
  }

  /**
   * Gives each thread of a row the registers that the row has kept once.
   *
   * @param first its first thread
   */
  public void spread(int first) {
    rows.spread(this, first);
  }

  /** The same for all rows that have threads in a range, which is not empty. */
  void spread(int from, int to) {
    rows.spread(this, from, to);
  }

  /** Called by loops whose fuel is used up: looks whether the launch was stopped. */
  public int refuel() {
    launch.checkStopped();
    return FUEL;
  }

  /** Host address of a thread's local memory. */
  public long localHost(int thread) {
    return localHost + thread * localBytes;
  }

  /** Device address of a thread's local memory. */
  public long localAddress(int thread) {
    return localAddress + thread * localBytes;
  }

  /** Makes sure that a call's frame fits a thread's local memory. */
  public void checkStack(int frame, int bytes) {
    if (frame + bytes > localBytes) {
      throw new KernelStop(
          KernelFault.Kind.STACK_OVERFLOW, "calls are nested deeper than the stack allows");
    }
  }

  /** Shared memory rounded up to a power of two, in bytes. */
  long sharedWindowBytes() {
    return -sharedOutside;
  }

  /** Checks a local memory offset and gives the host address. */
  public long local(int thread, long offset, int low) {
    return Access.checkWindow(localHost + thread * localBytes, localBytes, offset, low);
  }

  /** Checks a parameter offset and gives the host address. */
  public long parameter(long offset, int low) {
    return Access.checkWindow(parameterHost, parameterBytes, offset, low);
  }

  /** {@code isspacep.shared}. */
  public int isShared(long address) {
    long offset = address - sharedAddress;
    return offset >= 0 && offset < sharedBytes ? 1 : 0;
  }

  /** {@code isspacep.local}. */
  public int isLocal(int thread, long address) {
    long offset = address - localAddress(thread);
    return offset >= 0 && offset < localBytes ? 1 : 0;
  }

  /** {@code isspacep.param}, of kernels. */
  public int isParameter(long address) {
    long offset = address - parameterAddress;
    return offset >= 0 && offset < parameterBytes ? 1 : 0;
  }

  /** {@code isspacep.global}. */
  public int isGlobal(long address) {
    return address - memory.base() < memory.userBytes() && address >= memory.base() ? 1 : 0;
  }

  /** The block goes on on another worker. */
  void moveTo(int otherWorker) {
    worker = otherWorker;
  }

  /** {@code %smid}. */
  public int multiprocessor() {
    return worker;
  }

  /** {@code %nsmid}. */
  public int multiprocessors() {
    return launch.workers();
  }

  /** {@code %envreg}: 1 and 2 are the halves of the address of a cooperative launch's workspace. */
  public int environment(int register) {
    long address = launch.gridWorkspace();
    return register == 1 ? (int) (address >>> 32) : register == 2 ? (int) address : 0;
  }

  /** What reads textures. */
  public TextureUnit textures() {
    TextureUnit unit = textures;
    if (unit == null) {
      unit = new TextureUnit(memory, launch.images());
      textures = unit;
    }
    return unit;
  }

  /** What reads and writes surfaces. */
  public SurfaceUnit surfaces() {
    SurfaceUnit unit = surfaces;
    if (unit == null) {
      unit = new SurfaceUnit(memory, launch.images());
      surfaces = unit;
    }
    return unit;
  }

  /** {@code %gridid}. */
  public long gridId() {
    return launch.id();
  }

  /** {@code wmma.load}: memory to the thread's words. */
  public void loadFragment(int thread, int access, long address, int stride) {
    launch.compiled().fragments().get(access).load(this, thread, address, stride);
  }

  /** {@code wmma.store}: the thread's words to memory. */
  public void storeFragment(int thread, int access, long address, int stride) {
    launch.compiled().fragments().get(access).store(this, thread, address, stride);
  }

  /** {@code malloc}. */
  public long allocate(long bytes) {
    return memory.heap().allocate(bytes);
  }

  /** {@code free}. */
  public void release(long address) {
    if (address != 0 && !memory.heap().release(address)) {
      throw illegal(
          "free of 0x" + Long.toHexString(address) + ", which malloc did not return or is free");
    }
  }

  /** {@code alloca}: an offset in the thread's local memory. */
  public long takeStack(int thread, long bytes, int alignment) {
    long start = stack[thread] + alignment - 1 & -(long) alignment;
    if (bytes < 0 || bytes > localBytes - start) {
      throw new KernelStop(
          KernelFault.Kind.STACK_OVERFLOW, "alloca of " + bytes + " bytes passes the stack");
    }
    stack[thread] = start + bytes;
    return start;
  }

  /** {@code stacksave}. */
  public long stackTop(int thread) {
    return stack[thread];
  }

  /** {@code stackrestore}. */
  public void setStackTop(int thread, long top) {
    if (top < stackStart || top > localBytes) {
      throw illegal("stackrestore of an address that stacksave did not return");
    }
    stack[thread] = top;
  }

  /** {@code trap}. */
  public static KernelStop trap() {
    return new KernelStop(KernelFault.Kind.TRAP, "");
  }

  /** An instruction whose operands have no meaning. */
  public static KernelStop illegal(String detail) {
    return new KernelStop(KernelFault.Kind.ILLEGAL_INSTRUCTION, detail);
  }

  /** A failed {@code assert}: reads the texts that {@code __assertfail} was given. */
  public KernelStop assertion(long message, long file, int line, long function) {
    return new KernelStop(
        KernelFault.Kind.ASSERT,
        DeviceText.read(memory, file)
            + ":"
            + line
            + ": "
            + DeviceText.read(memory, function)
            + ": assertion '"
            + DeviceText.read(memory, message)
            + "' failed");
  }

  /** {@code cudaGraphSetConditional}: a condition's handle is the address of its word. */
  public void setCondition(long handle, int value) {
    Access.storeInt(memory, handle, value);
  }

  /** {@code vprintf}; returns how many arguments were printed. */
  public int print(long format, long arguments) {
    return DevicePrintf.print(memory, format, arguments, launch.control().printSink());
  }
}
