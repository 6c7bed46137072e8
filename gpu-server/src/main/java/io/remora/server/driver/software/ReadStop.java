// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.MemoryFault;
import io.remora.server.driver.Domain.DeviceBytes;
import io.remora.server.driver.Domain.HostReader;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;

/** The stream stands still while a host reader takes device memory at its own pace. */
final class ReadStop extends StreamStop implements DeviceBytes {
  private final DomainCore domain;
  private final long source;
  private final long bytes;
  private final HostReader reader;
  private long readNanos;

  ReadStop(DomainCore domain, long source, long bytes, HostReader reader, WorkObserver observer) {
    super(domain, observer);
    this.domain = domain;
    this.source = source;
    this.bytes = bytes;
    this.reader = reader;
  }

  @Override
  void reached(SoftwareStream at) {
    int fault = domain.fault();
    if (fault != CUresult.CUDA_SUCCESS_VALUE) {
      resume(fault);
    } else {
      reader.begin(this);
    }
  }

  @Override
  public void read(long offset, ByteBuffer into, WorkObserver done) {
    long nanos = 0;
    int result = domain.enter();
    if (result == CUresult.CUDA_SUCCESS_VALUE) {
      DeviceTime time = domain.device().time();
      double begin = time.begin();
      try {
        result = copy(offset, into);
      } finally {
        nanos = time.end(begin);
        domain.leave();
      }
      readNanos += nanos;
    }
    done.onDone(result, nanos);
  }

  private int copy(long offset, ByteBuffer into) {
    if (offset < 0 || offset > bytes || into.remaining() > bytes - offset) {
      return CUresult.CUDA_ERROR_INVALID_VALUE_VALUE;
    }
    try {
      domain.memory().read(source + offset, into);
      return CUresult.CUDA_SUCCESS_VALUE;
    } catch (MemoryFault fault) {
      return CUresult.CUDA_ERROR_INVALID_VALUE_VALUE;
    }
  }

  @Override
  public void finish() {
    resume(domain.fault());
  }

  @Override
  long deviceNanos() {
    return readNanos;
  }
}
