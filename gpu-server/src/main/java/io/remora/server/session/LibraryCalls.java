// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain.FunctionDescription;
import io.remora.server.session.generated.Answers;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Libraries, whose kernels can be launched on every device: the image is loaded on each at once, so
 * that no launch ever has to wait for a compiler. Belongs to the session's serial executor.
 */
final class LibraryCalls {
  private final ClientSession session;
  private final ModuleLoads loads;
  private final ModuleCalls modules;

  LibraryCalls(ClientSession session, ModuleLoads loads, ModuleCalls modules) {
    this.session = session;
    this.loads = loads;
    this.modules = modules;
  }

  void cuLibraryLoadData(SessionCall call, long handle, byte[] sha256, long bytes) {
    SessionObjects objects = session.objects();
    objects.checkCreatable(objects.libraries(), handle);
    ByteBuffer image = modules.image(call, sha256, bytes);
    if (image == null) {
      return;
    }
    Gathering gathering = new Gathering(call, handle, session.services().nanoClock().getAsLong());
    for (SessionDevice device : objects.devices()) {
      loads.load(device, SessionLibrary.OWNER, image, gathering.of(device));
    }
  }

  /** Waits for one load on each device. */
  private final class Gathering {
    private final SessionCall call;
    private final long handle;
    private final long beginNanos;
    private final Map<SessionDevice, SessionModule> loaded = new LinkedHashMap<>();
    private int left = session.objects().devices().size();
    private int firstFailure;
    private String firstDetail = "";

    Gathering(SessionCall call, long handle, long beginNanos) {
      this.call = call;
      this.handle = handle;
      this.beginNanos = beginNanos;
    }

    ModuleLoads.Listener of(SessionDevice device) {
      return new ModuleLoads.Listener() {
        @Override
        public void loaded(SessionModule module) {
          loaded.put(device, module);
          oneEnded();
        }

        @Override
        public void failed(int result, String detail) {
          if (firstFailure == 0) {
            firstFailure = result;
            firstDetail = detail;
          }
          oneEnded();
        }
      };
    }

    private void oneEnded() {
      if (--left > 0) {
        return;
      }
      // An image without code for one device still serves the others.
      boolean usable =
          !loaded.isEmpty()
              && (firstFailure == 0 || firstFailure == CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU_VALUE);
      SessionObjects objects = session.objects();
      if (!usable) {
        loaded.values().forEach(modules::unload);
        call.fail(firstFailure, firstDetail);
      } else if (!objects.libraries().put(handle, new SessionLibrary(loaded))) {
        loaded.values().forEach(modules::unload);
        call.fail(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE, "the handle is in use");
      } else {
        Answers.cuLibraryLoadData(call, "", modules.millisSince(beginNanos));
      }
    }
  }

  void cuLibraryUnload(SessionCall call, long handle) {
    SessionObjects objects = session.objects();
    SessionLibrary library = objects.library(handle);
    objects.libraries().remove(handle);
    library.functionHandles().forEach(objects.functions()::remove);
    library.moduleHandles().forEach(objects.modules()::remove);
    library.modules().values().forEach(modules::unload);
    call.succeed();
  }

  void cuLibraryGetKernel(SessionCall call, long handle, long libraryHandle, String name) {
    SessionObjects objects = session.objects();
    SessionLibrary library = objects.library(libraryHandle);
    SessionModule first = library.any();
    FunctionDescription description = ModuleCalls.function(first, name);
    SessionFunction function = new SessionFunction(first.device(), description);
    for (SessionModule module : library.modules().values()) {
      FunctionDescription there = module.function(name);
      if (module != first && there != null) {
        function.add(module.device(), there);
      }
    }
    objects.create(objects.functions(), handle, function);
    library.functionHandles().add(handle);
    Answers.cuLibraryGetKernel(call, ModuleCalls.info(description));
  }

  void cuLibraryGetModule(SessionCall call, long handle, long libraryHandle) {
    SessionObjects objects = session.objects();
    SessionLibrary library = objects.library(libraryHandle);
    objects.create(objects.modules(), handle, on(library, call.context().device()));
    library.moduleHandles().add(handle);
    call.succeed();
  }

  private static SessionModule on(SessionLibrary library, SessionDevice device) {
    SessionModule module = library.on(device);
    if (module == null) {
      throw new CallException(
          CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU_VALUE,
          "the library has nothing for device " + device.ordinal());
    }
    return module;
  }

  void cuLibraryGetGlobal(SessionCall call, long handle, String name) {
    SessionLibrary library = session.objects().library(handle);
    modules.withGlobal(
        call,
        on(library, call.context().device()),
        name,
        global -> Answers.cuLibraryGetGlobal(call, global.address(), global.bytes()));
  }

  void cuLibraryGetKernelCount(SessionCall call, long handle) {
    Answers.cuLibraryGetKernelCount(
        call, session.objects().library(handle).any().functionNames().size());
  }

  void cuLibraryEnumerateKernels(SessionCall call, int count, long handle) {
    Answers.cuLibraryEnumerateKernels(
        call, ModuleCalls.firstOf(session.objects().library(handle).any().functionNames(), count));
  }

  void cuKernelSetAttribute(SessionCall call, int attribute, int value, long handle, int device) {
    SessionDevice where = session.objects().device(device);
    long function = session.objects().function(handle).on(where).handle();
    int result = where.domain().cuFuncSetAttribute(function, attribute, value);
    if (result == CUresult.CUDA_SUCCESS_VALUE) {
      call.succeed();
    } else {
      call.fail(result, "");
    }
  }
}
