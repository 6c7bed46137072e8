// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain.GlobalDescription;
import io.remora.server.driver.Domain.ModuleDescription;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads modules on the server's loading threads, which may take seconds, while the session goes on.
 * A session loads few at a time, so that one with many doesn't hold up the others. Belongs to the
 * session's serial executor.
 */
final class ModuleLoads {
  private static final Logger log = LoggerFactory.getLogger(ModuleLoads.class);

  private static final int AT_ONCE_MAX = 2;

  private final ClientSession session;
  private final MemoryCalls memory;
  private final Deque<Job> waiting = new ArrayDeque<>();
  private int running;
  private @Nullable Runnable whenNoneRuns;

  ModuleLoads(ClientSession session, MemoryCalls memory) {
    this.session = session;
    this.memory = memory;
  }

  /** Told how a load ended; exactly one method is called, on the serial executor. */
  interface Listener {
    void loaded(SessionModule module);

    void failed(int result, String detail);
  }

  private record Load(SessionDevice device, long owner, ByteBuffer image, Listener listener) {}

  /**
   * @param device whose memory it uses
   * @param task for a loading thread
   * @param refused told why it is not even begun
   */
  private record Job(SessionDevice device, Runnable task, BiConsumer<Integer, String> refused) {}

  /** Told how a link ended; exactly one method is called, on the serial executor. */
  interface LinkListener {
    void linked();

    void failed(int result, String detail);
  }

  /**
   * Loads an image on a device; fails with {@code CUDA_ERROR_OUT_OF_MEMORY} if too many loads wait.
   *
   * @param owner handle of the context that the module will belong to
   */
  void load(SessionDevice device, long owner, ByteBuffer image, Listener listener) {
    Load load = new Load(device, owner, image, listener);
    add(new Job(device, () -> run(load), listener::failed));
  }

  /** Links an image, which fails as a load of it would, but for want of memory. */
  void link(SessionDevice device, ByteBuffer image, LinkListener listener) {
    add(new Job(device, () -> run(device, image, listener), listener::failed));
  }

  /** Told what became of a search; exactly one method is called, on the serial executor. */
  interface GlobalListener {
    void found(GlobalDescription global);

    void failed(int result, String detail);
  }

  /**
   * Asks the driver for a variable that it has placed itself, which may have to load the module.
   */
  void findGlobal(SessionModule module, String name, GlobalListener listener) {
    add(new Job(module.device(), () -> find(module, name, listener), listener::failed));
  }

  /** On a loading thread. */
  private void find(SessionModule module, String name, GlobalListener listener) {
    Runnable end;
    try {
      end =
          module
              .device()
              .domain()
              .findGlobal(module.description().module(), name)
              .<Runnable>map(global -> () -> listener.found(global))
              .orElse(
                  () ->
                      listener.failed(
                          CUresult.CUDA_ERROR_NOT_FOUND_VALUE,
                          "the image has no variable " + name));
    } catch (DriverException refused) {
      end = () -> listener.failed(refused.result(), refused.detail());
    } catch (RuntimeException | Error defect) {
      end =
          () -> {
            session.defect(defect);
            listener.failed(CUresult.CUDA_ERROR_UNKNOWN_VALUE, "");
          };
    }
    Runnable told = end;
    session
        .serial()
        .execute(
            () -> {
              ended();
              if (!session.isEnded()) {
                told.run();
              }
            });
  }

  private void add(Job job) {
    if (running + waiting.size() >= session.services().limits().loadsMax()) {
      job.refused()
          .accept(
              CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE,
              "the session is loading as many modules as it may at once");
      return;
    }
    waiting.add(job);
    startNext();
  }

  private void startNext() {
    while (running < AT_ONCE_MAX && !waiting.isEmpty()) {
      Job job = waiting.remove();
      running++;
      // Variables are written when the image is loaded, so the memory must be there.
      job.device().residency().enter(() -> begin(job));
    }
  }

  private void begin(Job job) {
    Residency residency = job.device().residency();
    try {
      session
          .services()
          .loaders()
          .execute(
              () -> {
                try {
                  job.task().run();
                } finally {
                  residency.leave();
                }
              });
    } catch (RejectedExecutionException shuttingDown) {
      residency.leave();
      session.serial().execute(() -> refuse(job));
    }
  }

  private void refuse(Job job) {
    running--;
    if (!session.isEnded()) {
      job.refused().accept(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE, "the server is shutting down");
    }
  }

  /** On a loading thread. */
  private void run(SessionDevice device, ByteBuffer image, LinkListener listener) {
    int result = CUresult.CUDA_SUCCESS_VALUE;
    String detail = "";
    try {
      device.domain().linkModule(image.duplicate());
    } catch (DriverException refused) {
      result = refused.result();
      detail = refused.detail();
    } catch (RuntimeException | Error defect) {
      result = CUresult.CUDA_ERROR_UNKNOWN_VALUE;
      session.serial().execute(() -> session.defect(defect));
    }
    int end = result;
    String log = detail;
    session.serial().execute(() -> linked(listener, end, log));
  }

  private void linked(LinkListener listener, int result, String detail) {
    ended();
    if (session.isEnded()) {
      return;
    }
    if (result == CUresult.CUDA_SUCCESS_VALUE) {
      listener.linked();
    } else {
      listener.failed(result, detail);
    }
  }

  /** On a loading thread. */
  private void run(Load load) {
    List<Allocation> variables = new ArrayList<>();
    try {
      ModuleDescription description =
          load.device()
              .domain()
              .loadModule(
                  load.image().duplicate(),
                  (name, bytes, alignment) -> place(load, variables, bytes, alignment));
      session
          .serial()
          .execute(
              () ->
                  loaded(
                      load,
                      new SessionModule(load.device(), load.owner(), description, variables)));
    } catch (DriverException refused) {
      session.serial().execute(() -> failed(load, variables, refused.result(), refused.detail()));
    } catch (RuntimeException | Error defect) {
      // An image is input: whatever it does to a compiler is this session's affair only.
      session
          .serial()
          .execute(
              () -> {
                failed(load, variables, CUresult.CUDA_ERROR_UNKNOWN_VALUE, "");
                session.defect(defect);
              });
    }
  }

  /** On a loading thread: memory belongs to the serial executor, so it is asked and waited for. */
  private long place(Load load, List<Allocation> variables, long bytes, int alignment) {
    CompletableFuture<Allocation> placed = new CompletableFuture<>();
    session
        .serial()
        .execute(
            () -> {
              if (session.isEnded()) {
                placed.completeExceptionally(
                    new DriverException(
                        CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE, "the session ended"));
              } else {
                memory.allocateVariable(
                    load.device(),
                    bytes,
                    alignment,
                    load.owner(),
                    placed::complete,
                    placed::completeExceptionally);
              }
            });
    try {
      Allocation allocation = placed.join();
      variables.add(allocation);
      return allocation.address();
    } catch (CompletionException refused) {
      if (refused.getCause() instanceof DriverException cause) {
        throw cause;
      }
      throw refused;
    }
  }

  private void loaded(Load load, SessionModule module) {
    ended();
    if (!session.isEnded()) {
      load.listener().loaded(module);
    }
  }

  private void failed(Load load, List<Allocation> variables, int result, String detail) {
    ended();
    if (!session.isEnded()) {
      log.info(
          "session {} of tenant {}: an image can't be loaded: {}: {}",
          session.id(),
          session.grant().tenant(),
          CUresult.forNumber(result),
          detail);
      variables.forEach(variable -> memory.free(load.device(), variable));
      load.listener().failed(result, detail);
    }
  }

  private void ended() {
    running--;
    Runnable last = whenNoneRuns;
    if (last != null) {
      if (running == 0) {
        last.run();
      }
    } else {
      startNext();
    }
  }

  /** Whether nothing is being loaded, nor waits for it. */
  boolean isIdle() {
    return running == 0 && waiting.isEmpty();
  }

  /** The session ends: nothing more is loaded, and {@code then} is run when nothing is loading. */
  void sessionEnds(Runnable then) {
    waiting.clear();
    whenNoneRuns = then;
    if (running == 0) {
      then.run();
    }
  }
}
