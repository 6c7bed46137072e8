// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.KernelFault;
import io.remora.ptx.LaunchControl;
import io.remora.ptx.LaunchShape;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A kernel launch on a stream. */
final class LaunchItem extends StreamItem {
  private static final Logger log = LoggerFactory.getLogger(LaunchItem.class);

  private final DomainCore domain;
  private final SoftwareFunction function;
  private final LaunchShape shape;
  private final ByteBuffer parameters;

  LaunchItem(
      DomainCore domain,
      SoftwareFunction function,
      LaunchShape shape,
      ByteBuffer parameters,
      WorkObserver observer) {
    super(observer);
    this.domain = domain;
    this.function = function;
    this.shape = shape;
    this.parameters = parameters;
  }

  @Override
  boolean run(SoftwareStream stream) {
    int result = domain.enter();
    long deviceNanos = 0;
    if (result == CUresult.CUDA_SUCCESS_VALUE) {
      DeviceTime time = domain.device().time();
      double begin = time.begin();
      result = launch(stream);
      deviceNanos = time.end(begin);
      domain.leave();
    }
    stream.finish(this, result, deviceNanos);
    return true;
  }

  private int launch(SoftwareStream stream) {
    var control = new LaunchControl(domain.prints()::onPrint);
    stream.running(new RunningKernel(function.name(), domain.device().nanos(), control));
    // Closing sets the state first and cancels what it finds afterwards: one of the two sees it.
    if (domain.fault() != CUresult.CUDA_SUCCESS_VALUE) {
      control.cancel();
    }
    try {
      domain
          .device()
          .executor()
          .launch(function.instance(), function.name(), shape, parameters, control);
      return CUresult.CUDA_SUCCESS_VALUE;
    } catch (KernelFault fault) {
      return faulted(fault);
    } catch (RuntimeException | Error defect) {
      // The engine's own fault must stay this session's problem.
      log.error("the PTX engine failed in kernel {}", function.name(), defect);
      return domain.fail(
          CUresult.CUDA_ERROR_UNKNOWN_VALUE,
          "the software device failed in kernel " + function.name() + ": " + defect);
    } finally {
      stream.running(null);
    }
  }

  private int faulted(KernelFault fault) {
    String detail = String.valueOf(fault.getMessage());
    return switch (fault.kind()) {
      case ILLEGAL_ADDRESS ->
          domain.fail(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE, detail, fault.address());
      case MISALIGNED_ADDRESS ->
          domain.fail(CUresult.CUDA_ERROR_MISALIGNED_ADDRESS_VALUE, detail, fault.address());
      case ILLEGAL_INSTRUCTION ->
          domain.fail(CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION_VALUE, detail);
      case TRAP, STACK_OVERFLOW -> domain.fail(CUresult.CUDA_ERROR_LAUNCH_FAILED_VALUE, detail);
      case ASSERT -> domain.fail(CUresult.CUDA_ERROR_ASSERT_VALUE, detail);
      case DEADLOCK -> domain.fail(CUresult.CUDA_ERROR_LAUNCH_TIMEOUT_VALUE, detail);
      // Nobody but the domain cancels, and only after it was given a fault or closed.
      case CANCELLED -> domain.fail(CUresult.CUDA_ERROR_LAUNCH_TIMEOUT_VALUE, detail);
      case OUT_OF_RESOURCES -> CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES_VALUE;
    };
  }
}
