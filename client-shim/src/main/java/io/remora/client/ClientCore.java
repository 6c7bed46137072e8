// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.wire.InboundFrame;
import io.remora.wire.WireReader;
import io.remora.wire.WireWriter;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/**
 * The program's sessions as the calls see them: one connection, or one for each of several servers,
 * and the objects that the client knows.
 */
final class ClientCore {
  private static final long STREAM_PER_THREAD = 2;

  private final Servers servers;

  /** Whether each call has to be written before it is known where it goes. */
  private final boolean several;

  /** Of the one server, or the first. */
  private final CallSender sender;

  private final ContextTable contexts;
  private final @Nullable Across across;
  private final HostAllocations hostMemory = new HostAllocations();
  private final ConcurrentHashMap<Long, Function> functions = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Long, ClientStream> streams = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Long, LinkSet> links = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Long, StreamAttributes> streamAttributes =
      new ConcurrentHashMap<>();
  private final ClientArrays arrays = new ClientArrays();
  private final ImageObjects imageObjects = new ImageObjects();
  private final HostCopies hostCopies = new HostCopies();
  private final AtomicInteger captures = new AtomicInteger();
  private final AtomicLong lastHandle = new AtomicLong(ClientContext.FIRST_CREATED);

  ClientCore(Servers servers) {
    this.servers = servers;
    several = servers.several();
    sender = servers.first().sender();
    contexts = new ContextTable(servers.numbering().devices());
    across = several ? new Across(this, NanoClock.system()) : null;
  }

  Servers servers() {
    return servers;
  }

  /** What there is between two servers; null if there is only one. */
  @Nullable Across across() {
    return across;
  }

  /** Functions that wait on streams. */
  HostFunctions hostFunctions() {
    return servers.functions();
  }

  ContextTable contexts() {
    return contexts;
  }

  HostAllocations hostMemory() {
    return hostMemory;
  }

  /** Functions by handle. */
  ConcurrentHashMap<Long, Function> functions() {
    return functions;
  }

  /** A module or library is unloaded: its functions are gone. */
  void forgetFunctions(long owner) {
    functions
        .values()
        .removeIf(
            each -> {
              boolean gone = each.owner() == owner;
              if (gone) {
                each.unload();
              }
              return gone;
            });
  }

  /** Streams that the program created, by handle. */
  ConcurrentHashMap<Long, ClientStream> streams() {
    return streams;
  }

  /** Attributes that the program has set of streams, by {@link StreamAttributeCalls}'s keys. */
  ConcurrentHashMap<Long, StreamAttributes> streamAttributes() {
    return streamAttributes;
  }

  /** What textures and surfaces were made of. */
  ImageObjects imageObjects() {
    return imageObjects;
  }

  /** How many captures the program has begun and not ended. */
  AtomicInteger captures() {
    return captures;
  }

  /** Arrays that the program created. */
  ClientArrays arrays() {
    return arrays;
  }

  /** Memory of the program that graphs copy. */
  HostCopies hostCopies() {
    return hostCopies;
  }

  /** Links that the program has begun, by handle. */
  ConcurrentHashMap<Long, LinkSet> links() {
    return links;
  }

  /** The calling thread's own state. */
  ThreadState thread() {
    return servers.thread();
  }

  /** A handle that no object has, for one on the current context's server. */
  long newHandle() {
    return newHandleNear(several ? thread().contextHandle() : 0);
  }

  /** The same for an object on the server of another, by its handle, or of a device's ordinal. */
  long newHandleNear(long other) {
    long number = lastHandle.getAndIncrement();
    return several ? servers.numbering().near(number, other) : number;
  }

  /** What a stream's server has: the stream, or for a default stream the current context. */
  long nearStream(ThreadState thread, long stream) {
    return stream < ClientContext.FIRST_CREATED ? thread.contextHandle() : stream;
  }

  /** The result with which a call must fail at once: no connection, no context; or success. */
  int refusal(ThreadState thread) {
    ClientContext current = thread.current();
    if (current == null) {
      int lost = lost(thread);
      return lost == CUresult.CUDA_SUCCESS ? CUresult.CUDA_ERROR_INVALID_CONTEXT : lost;
    }
    return current.isAlive() ? CUresult.CUDA_SUCCESS : CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED;
  }

  /** The result of every call once all connections are lost; success before. */
  int lost(ThreadState thread) {
    return lost(thread, servers.failure());
  }

  /** The result of a call after a failure; success without one. */
  int lost(ThreadState thread, @Nullable Failure failure) {
    if (failure == null) {
      return CUresult.CUDA_SUCCESS;
    }
    thread.explain("", failure.detail());
    return failure.result();
  }

  /** See {@link CallSender#begin}. */
  WireWriter begin(int number, ThreadState thread) {
    return several
        ? thread.draft().begin(number, thread.contextHandle())
        : sender.begin(number, thread.contextHandle());
  }

  /** As the other, for a call that is made in a place that is known. */
  WireWriter begin(int number, ThreadState thread, Destination destination) {
    return several
        ? thread.draft().begin(number, destination)
        : sender.begin(number, destination.context());
  }

  /** Where a call goes that is about nothing but the current context. */
  Destination destination(ThreadState thread) {
    return servers.destination(thread.contextHandle());
  }

  /** Where a call with such arguments goes; they are written to no frame. */
  Destination destination(int number, ThreadState thread, Consumer<WireWriter> arguments) {
    if (!several) {
      return destination(thread);
    }
    WireWriter out = thread.draft().begin(number, thread.contextHandle());
    arguments.accept(out);
    return servers.destination(number, thread.contextHandle(), out);
  }

  /** See {@link CallSender#endAsync}. */
  int endAsync() {
    return several ? thread().draft().settle(servers).sender().endAsync() : sender.endAsync();
  }

  /** Ends a call with small outputs, for which {@link #await} must follow. */
  void endSync(ThreadState thread) {
    endSync(thread, null);
  }

  /** Ends a call with bulk outputs, for which {@link #await} must follow. */
  void endSync(ThreadState thread, @Nullable BulkTarget target) {
    CallSender to = sender;
    if (several) {
      Destination destination = thread.draft().settle(servers);
      thread.use(destination.connection().index());
      to = destination.sender();
    }
    thread.waiter().prepare(target);
    to.endSync(thread.waiter());
  }

  /** Ends a copy to host memory that nobody waits for. */
  int endInBackground(int number, BulkTarget target) {
    Connection to = several ? thread().draft().settle(servers).connection() : servers.first();
    return to.sender().endExpected(new BackgroundDownload(target, number, to.errors()));
  }

  /** See {@link CallSender#release}. */
  void release() {
    if (several) {
      thread().draft().release();
    } else {
      sender.release();
    }
  }

  /** See {@link Connection#await}. */
  int await(ThreadState thread, int number) {
    return servers.at(thread.server()).await(thread, number);
  }

  /** Makes a call that waits; after success its outputs can be read. */
  int ask(int number, Consumer<WireWriter> arguments) {
    ThreadState thread = thread();
    int result = refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    WireWriter out = begin(number, thread);
    try {
      arguments.accept(out);
      endSync(thread);
    } finally {
      release();
    }
    return await(thread, number);
  }

  /** Makes a call that nobody waits for. */
  int tell(int number, Consumer<WireWriter> arguments) {
    ThreadState thread = thread();
    int result = refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    WireWriter out = begin(number, thread);
    try {
      arguments.accept(out);
      return endAsync();
    } finally {
      release();
    }
  }

  /** The outputs of the calling thread's {@link #ask}. */
  WireReader outputs() {
    return outputs(thread());
  }

  /** The outputs of the answer that was just awaited. */
  WireReader outputs(ThreadState thread) {
    return InboundFrame.of(thread.waiter().outputs()).reader();
  }

  /** Counts a call that was answered here. */
  int local(int result) {
    servers.first().counters().answeredLocally();
    return result;
  }

  /** A context's handle on the wire; -1 if it isn't one. */
  long context(@Nullable CUcontext context) {
    ClientContext found = contexts.find(JCudaFields.value(context));
    return found == null ? -1 : found.handle();
  }

  /** A stream's handle on the wire; the calling thread's own stream is created when first used. */
  long stream(ThreadState thread, @Nullable CUstream stream) {
    long handle = JCudaFields.value(stream);
    if (handle != STREAM_PER_THREAD) {
      return handle;
    }
    ClientContext context = thread.current();
    if (context == null) {
      return 0;
    }
    Long own = thread.ownStreams().get(context);
    if (own != null) {
      return own;
    }
    long created = newHandle();
    WireWriter out = begin(Calls.CU_STREAM_CREATE, thread);
    try {
      CallWriter.cuStreamCreate(out, created, 0);
      endAsync();
    } finally {
      release();
    }
    streams.put(created, new ClientStream(0, 0, context));
    thread.ownStreams().put(context, created);
    return created;
  }
}
