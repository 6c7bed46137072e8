// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import jcuda.driver.CUcontext;
import jcuda.driver.JCudaDriver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of a device's primary context, which all domains share. An error that ends it ends all
 * of them; the next domain gets another life. While a call is in the driver the context's lock is
 * held for reading, or that of a stream, so that nobody resets the context under it.
 */
final class CudaContext {
  private static final Logger log = LoggerFactory.getLogger(CudaContext.class);

  private final CUcontext context;
  private final CurrentContext current;
  private final String device;
  private final AtomicInteger end = new AtomicInteger();
  private final Set<CudaDomain> domains = ConcurrentHashMap.newKeySet();
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

  CudaContext(CUcontext context, CurrentContext current, String device) {
    this.context = context;
    this.current = current;
    this.device = device;
  }

  /** Makes the context the calling thread's. */
  void enter() {
    current.make(this);
  }

  /** Only {@link CurrentContext} calls it. */
  void makeCurrent() {
    // Whatever is wrong with the context, the call that follows will say it.
    int unused = JCudaDriver.cuCtxSetCurrent(context);
  }

  /** The error that has ended the context, or success. */
  int end() {
    return end.get();
  }

  Set<CudaDomain> domains() {
    return domains;
  }

  /** Something that calls the driver, apart from work on streams. */
  @FunctionalInterface
  interface Calls<T> {
    T run();
  }

  /**
   * Runs calls of the driver.
   *
   * @throws DriverException if the context has ended
   */
  <T> T calling(Calls<T> calls) {
    lock.readLock().lock();
    try {
      int result = end.get();
      if (result != CUresult.CUDA_SUCCESS_VALUE) {
        throw new DriverException(
            CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE, "the GPU's context has ended");
      }
      enter();
      return calls.run();
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Runs calls whose result doesn't matter, unless the context has ended and all is gone. */
  void ifAlive(Runnable calls) {
    lock.readLock().lock();
    try {
      if (end.get() == CUresult.CUDA_SUCCESS_VALUE) {
        enter();
        calls.run();
      }
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Looks at an answer of the driver: one that ends the context ends all of its domains. */
  void look(int result, CudaDomain seenBy) {
    if (Cuda.endsContext(result) && end.compareAndSet(CUresult.CUDA_SUCCESS_VALUE, result)) {
      new ContextFault(device, result).tell(domains, seenBy);
      log.error(
          "{}: {} has ended the context with its {} sessions; the next session gets a new one",
          device,
          Cuda.name(result),
          domains.size());
    }
  }

  /** Waits until no call is in the driver any more; the context has ended, so none begins. */
  void awaitQuiet() {
    lock.writeLock().lock();
    lock.writeLock().unlock();
    // Marked as ended they let go of their streams, and take each stream's lock for it.
    domains.forEach(CudaDomain::letGo);
  }
}
