// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.config.ClientSettings;
import java.util.concurrent.atomic.AtomicReference;
import jcuda.LogLevel;
import jcuda.Pointer;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/**
 * JCuda's driver class, on a GPU that is somewhere else: a program changes the import of {@code
 * jcuda.driver.JCudaDriver} to this class and runs on a host without GPU and without native
 * libraries. The server is found in the environment ({@code REMORA_SERVER}, {@code REMORA_TOKEN},
 * {@code REMORA_CA}) or in {@code remora.yaml}, at {@link #cuInit}.
 *
 * <p>JCuda's interface is static, so this class holds the process's one connection; nothing else in
 * the client is static. {@link #connect} opens further, independent ones.
 */
public class RemoteDriver extends StaticMethods {
  /** As in JCuda 12.6. */
  public static final int CUDA_VERSION = 12000;

  public static final int CU_MEMHOSTALLOC_PORTABLE = 1;
  public static final int CU_MEMHOSTALLOC_DEVICEMAP = 2;
  public static final int CU_MEMHOSTALLOC_WRITECOMBINED = 4;
  public static final int CU_MEMHOSTREGISTER_PORTABLE = 1;
  public static final int CU_MEMHOSTREGISTER_DEVICEMAP = 2;
  public static final int CU_MEMPEERREGISTER_DEVICEMAP = 2;
  public static final int CU_MEMHOSTREGISTER_IOMEMORY = 4;
  public static final int CU_MEMHOSTREGISTER_READ_ONLY = 8;
  public static final int CU_ARRAY_SPARSE_PROPERTIES_SINGLE_MIPTAIL = 1;
  public static final int CU_MEM_CREATE_USAGE_TILE_POOL = 1;
  public static final int CUDA_COOPERATIVE_LAUNCH_MULTI_DEVICE_NO_PRE_LAUNCH_SYNC = 1;
  public static final int CUDA_COOPERATIVE_LAUNCH_MULTI_DEVICE_NO_POST_LAUNCH_SYNC = 2;
  public static final int CUDA_ARRAY3D_LAYERED = 1;
  public static final int CUDA_ARRAY3D_2DARRAY = 1;
  public static final int CUDA_ARRAY3D_SURFACE_LDST = 2;
  public static final int CUDA_ARRAY3D_CUBEMAP = 4;
  public static final int CUDA_ARRAY3D_TEXTURE_GATHER = 8;
  public static final int CUDA_ARRAY3D_DEPTH_TEXTURE = 16;
  public static final int CUDA_ARRAY3D_COLOR_ATTACHMENT = 32;
  public static final int CUDA_ARRAY3D_SPARSE = 64;
  public static final int CUDA_ARRAY3D_DEFERRED_MAPPING = 128;
  public static final int CU_PARAM_TR_DEFAULT = -1;
  public static final int CU_TRSA_OVERRIDE_FORMAT = 1;
  public static final int CU_TRSF_READ_AS_INTEGER = 1;
  public static final int CU_TRSF_NORMALIZED_COORDINATES = 2;
  public static final int CU_TRSF_SRGB = 16;
  public static final int CU_STREAM_CALLBACK_NONBLOCKING = 0;
  public static final int CU_STREAM_CALLBACK_BLOCKING = 1;
  public static final int CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION = 32;
  public static final int CU_COMPUTE_ACCELERATED_TARGET_BASE = 65536;

  public static final Pointer CU_LAUNCH_PARAM_END = new ConstantPointer(0);
  public static final Pointer CU_LAUNCH_PARAM_BUFFER_POINTER = new ConstantPointer(1);
  public static final Pointer CU_LAUNCH_PARAM_BUFFER_SIZE = new ConstantPointer(2);
  public static final CUdevice CU_DEVICE_CPU = device(-1);
  public static final CUdevice CU_DEVICE_INVALID = device(-2);
  public static final CUstream CU_STREAM_LEGACY = stream(1);
  public static final CUstream CU_STREAM_PER_THREAD = stream(2);

  /** The process's connection: null until {@link #cuInit} has succeeded. */
  private static final AtomicReference<@Nullable RemoteCuda> CURRENT = new AtomicReference<>();

  /** Also asked before there is a connection. */
  private static volatile boolean exceptionsEnabled;

  private static volatile String connectFailure = "";

  /** For the class that stands in for JCuda's own, which has one, too. */
  protected RemoteDriver() {}

  private static final class ConstantPointer extends Pointer {
    ConstantPointer(long value) {
      super(value);
    }
  }

  private static CUdevice device(int value) {
    CUdevice device = new CUdevice();
    JCudaFields.setValue(device, value);
    return device;
  }

  private static CUstream stream(long value) {
    CUstream stream = new CUstream();
    JCudaFields.setValue(stream, value);
    return stream;
  }

  /** A connection of its own, next to the process's. */
  public static RemoteCuda connect(ConnectionSettings settings) throws ConnectionException {
    return RemoteCuda.connect(settings);
  }

  /** Connects to the configured server, once. */
  public static synchronized int cuInit(int flags) {
    RemoteCuda driver = CURRENT.get();
    if (driver == null) {
      try {
        driver = RemoteCuda.connect(ClientSettings.ofProcess());
      } catch (ConnectionException | IllegalArgumentException e) {
        connectFailure = String.valueOf(e.getMessage());
        System.getLogger(RemoteDriver.class.getName())
            .log(System.Logger.Level.WARNING, connectFailure);
        return checked(CUresult.CUDA_ERROR_NO_DEVICE);
      }
      driver.setExceptionsEnabled(exceptionsEnabled);
      CURRENT.set(driver);
      Runtime.getRuntime().addShutdownHook(new Thread(driver::close, "remora-close"));
    }
    return driver.cuInit(flags);
  }

  /** {@code cuDriverGetVersion}; 0 before {@link #cuInit}, as without a driver. */
  public static int cuDriverGetVersion(int[] driverVersion) {
    RemoteCuda driver = CURRENT.get();
    if (driver != null) {
      return driver.cuDriverGetVersion(driverVersion);
    }
    if (driverVersion == null || driverVersion.length == 0) {
      return checked(CUresult.CUDA_ERROR_INVALID_VALUE);
    }
    driverVersion[0] = 0;
    return CUresult.CUDA_SUCCESS;
  }

  /** {@code cuGetErrorName}. */
  public static int cuGetErrorName(int error, String[] pStr) {
    return checked(ErrorTexts.name(error, pStr));
  }

  /** {@code cuGetErrorString}. */
  public static int cuGetErrorString(int error, String[] pStr) {
    return checked(ErrorTexts.text(error, pStr));
  }

  /** As JCuda: whether a call that fails throws a {@code CudaException}; false at first. */
  public static void setExceptionsEnabled(boolean enabled) {
    exceptionsEnabled = enabled;
    RemoteCuda driver = CURRENT.get();
    if (driver != null) {
      driver.setExceptionsEnabled(enabled);
    }
  }

  /** Accepted for JCuda's sake: it sets what JCuda's native library prints, and there is none. */
  public static void setLogLevel(LogLevel logLevel) {
    System.getLogger(RemoteDriver.class.getName())
        .log(System.Logger.Level.DEBUG, "JCuda log level {0} has no effect", logLevel);
  }

  /** As JCuda: the least multiple of {@code alignment} that is not less than {@code value}. */
  public static int align(int value, int alignment) {
    return (value + alignment - 1) / alignment * alignment;
  }

  /** See {@link RemoteCuda#lastErrorDetail}; after a failed {@link #cuInit}, why it failed. */
  public static String lastErrorDetail() {
    RemoteCuda driver = CURRENT.get();
    return driver == null ? connectFailure : driver.lastErrorDetail();
  }

  /** See {@link RemoteCuda#stats}; null before {@link #cuInit}. */
  public static @Nullable Stats stats() {
    RemoteCuda driver = CURRENT.get();
    return driver == null ? null : driver.stats();
  }

  static @Nullable RemoteCuda current() {
    return CURRENT.get();
  }

  static int notInitialized() {
    return checked(CUresult.CUDA_ERROR_NOT_INITIALIZED);
  }

  private static int checked(int result) {
    if (result != CUresult.CUDA_SUCCESS && exceptionsEnabled) {
      String name = CUresult.stringFor(result);
      throw new jcuda.CudaException(
          connectFailure.isEmpty() ? name : name + " (" + connectFailure + ")");
    }
    return result;
  }
}
