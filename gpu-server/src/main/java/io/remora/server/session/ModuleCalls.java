// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain.FunctionDescription;
import io.remora.server.driver.Domain.GlobalDescription;
import io.remora.server.driver.DriverException;
import io.remora.server.session.generated.Answers;
import io.remora.server.session.generated.Calls;
import io.remora.v1.CUresult;
import io.remora.v1.FunctionInfo;
import io.remora.v1.FunctionParameter;
import io.remora.v1.RemoteResult;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Modules and what is in them. Belongs to the session's serial executor. */
final class ModuleCalls {
  private static final double NANOS_PER_MILLI = 1e6;

  private final ClientSession session;
  private final ModuleLoads loads;

  ModuleCalls(ClientSession session, ModuleLoads loads) {
    this.session = session;
    this.loads = loads;
  }

  void load(
      SessionCall call, long handle, int[] options, long[] values, byte[] sha256, long bytes) {
    JitOptions.check(options, values);
    SessionObjects objects = session.objects();
    objects.checkCreatable(objects.modules(), handle);
    VirtualContext context = call.context();
    ByteBuffer image = image(call, sha256, bytes);
    if (image == null) {
      return;
    }
    long begin = session.services().nanoClock().getAsLong();
    loads.load(
        context.device(),
        context.handle(),
        image,
        new ModuleLoads.Listener() {
          @Override
          public void loaded(SessionModule module) {
            if (!objects.modules().put(handle, module)) {
              unload(module);
              CallException refusal = objects.modules().refusal();
              call.fail(
                  refusal == null ? CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE : refusal.result(),
                  refusal == null ? "the handle is in use" : refusal.detail());
            } else if (call.number() == Calls.CU_MODULE_LOAD_DATA_EX) {
              Answers.cuModuleLoadDataEx(call, "", millisSince(begin));
            } else {
              call.succeed();
            }
          }

          @Override
          public void failed(int result, String detail) {
            call.fail(result, detail);
          }
        });
  }

  void link(SessionCall call, int[] options, long[] values, byte[] sha256, long bytes) {
    JitOptions.check(options, values);
    SessionDevice device = call.context().device();
    ByteBuffer image = image(call, sha256, bytes);
    if (image == null) {
      return;
    }
    long begin = session.services().nanoClock().getAsLong();
    loads.link(
        device,
        image,
        new ModuleLoads.LinkListener() {
          @Override
          public void linked() {
            Answers.remoraLink(call, "", millisSince(begin));
          }

          @Override
          public void failed(int result, String detail) {
            call.fail(result, detail);
          }
        });
  }

  float millisSince(long beginNanos) {
    return (float) ((session.services().nanoClock().getAsLong() - beginNanos) / NANOS_PER_MILLI);
  }

  /** The image with a hash; if the server doesn't hold it, the client is asked for it. */
  @Nullable ByteBuffer image(SessionCall call, byte[] sha256, long bytes) {
    checkSize(session, bytes);
    Optional<ByteBuffer> image = session.services().images().find(sha256);
    if (image.isEmpty()) {
      call.fail(RemoteResult.IMAGE_NEEDED_VALUE, "");
      return null;
    }
    if (image.get().remaining() != bytes) {
      throw CallException.invalidValue(
          "the image with this SHA-256 has " + image.get().remaining() + " bytes, not " + bytes);
    }
    return image.get();
  }

  /**
   * Checks the size of an image.
   *
   * @throws CallException {@code CUDA_ERROR_NOT_PERMITTED} if it is larger than the tenant may have
   */
  static void checkSize(ClientSession session, long bytes) {
    long most = session.grant().account().limits().imageBytes();
    if (bytes > most) {
      throw new CallException(
          CUresult.CUDA_ERROR_NOT_PERMITTED_VALUE,
          "the image has "
              + bytes
              + " bytes, the tenant's images may have "
              + most
              + "; ask the server's operator for more");
    }
  }

  void cuModuleUnload(SessionCall call, long handle) {
    SessionModule module = session.objects().module(handle);
    if (module.isOfLibrary()) {
      throw new CallException(
          CUresult.CUDA_ERROR_NOT_PERMITTED_VALUE, "the module ends with its library");
    }
    session.objects().modules().remove(handle);
    unload(module);
    call.succeed();
  }

  /** Takes a module's functions away at once, and the module when no work uses it. */
  void unload(SessionModule module) {
    module.functionHandles().forEach(session.objects().functions()::remove);
    SessionDevice device = module.device();
    module.variables().forEach(device.memory()::detach);
    session
        .epochs()
        .afterWorkSoFar(
            () -> {
              try {
                device.domain().unloadModule(module.description().module());
                module.variables().forEach(device.memory()::recycle);
              } catch (DriverException refused) {
                session.defect(refused);
              }
            });
  }

  void cuModuleGetFunction(SessionCall call, long handle, long moduleHandle, String name) {
    SessionModule module = session.objects().module(moduleHandle);
    FunctionDescription description = function(module, name);
    SessionObjects objects = session.objects();
    objects.create(objects.functions(), handle, new SessionFunction(module.device(), description));
    module.functionHandles().add(handle);
    Answers.cuModuleGetFunction(call, info(description));
  }

  static FunctionDescription function(SessionModule module, String name) {
    FunctionDescription description = module.function(name);
    if (description == null) {
      throw notFound("kernel", name);
    }
    return description;
  }

  static GlobalDescription global(SessionModule module, String name) {
    GlobalDescription description = module.global(name);
    if (description == null) {
      throw notFound("variable", name);
    }
    return description;
  }

  private static CallException notFound(String what, String name) {
    return new CallException(
        CUresult.CUDA_ERROR_NOT_FOUND_VALUE, "the image has no " + what + " " + name);
  }

  static FunctionInfo info(FunctionDescription description) {
    FunctionInfo.Builder info =
        FunctionInfo.newBuilder()
            .setName(description.name())
            .putAllAttributes(description.attributes());
    description
        .parameters()
        .forEach(
            parameter ->
                info.addParameters(
                    FunctionParameter.newBuilder()
                        .setOffset(parameter.offset())
                        .setSize(parameter.size())));
    return info.build();
  }

  void cuModuleGetGlobal(SessionCall call, long handle, String name) {
    GlobalDescription global = global(session.objects().module(handle), name);
    Answers.cuModuleGetGlobal(call, global.address(), global.bytes());
  }

  void cuModuleGetFunctionCount(SessionCall call, long handle) {
    Answers.cuModuleGetFunctionCount(call, session.objects().module(handle).functionNames().size());
  }

  void cuModuleEnumerateFunctions(SessionCall call, int count, long handle) {
    List<String> names = session.objects().module(handle).functionNames();
    Answers.cuModuleEnumerateFunctions(call, firstOf(names, count));
  }

  /** The first names; a count from the wire is unsigned. */
  static List<String> firstOf(List<String> names, int count) {
    return names.subList(0, (int) Math.min(names.size(), count & 0xffff_ffffL));
  }

  /** Frees the modules of a context that is being destroyed. */
  void contextEnds(VirtualContext context) {
    SessionObjects objects = session.objects();
    objects.modules().removeIf(module -> module.owner() == context.handle(), this::unload);
  }
}
