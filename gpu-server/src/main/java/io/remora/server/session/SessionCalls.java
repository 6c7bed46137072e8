// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.LaunchCalls.Manner;
import io.remora.server.session.LaunchCalls.Shape;
import io.remora.v1.LaunchAttribute;
import io.remora.wire.Payload;
import java.util.List;

/**
 * Hands each call that the table can't express to the class that knows its object. Belongs to the
 * session's serial executor.
 */
final class SessionCalls
    implements CopyHandlers,
        DirectHandlers,
        PoolHandlers,
        GraphHandlers,
        ArrayHandlers,
        VirtualMemoryHandlers,
        ContextHandlers {
  private final MemoryCalls memory;
  private final VirtualMemoryCalls virtualMemory;
  private final UseCalls use;
  private final PointerCalls pointers;
  private final PoolCalls pools;
  private final ArrayCalls arrays;
  private final CopyCalls copies;
  private final Downloads downloads;
  private final Offers offers;
  private final Fetches fetches;
  private final StreamCalls streams;
  private final EventCalls events;
  private final HostCallbacks callbacks;
  private final LaunchCalls launches;
  private final ModuleLoads loads;
  private final ModuleCalls modules;
  private final LibraryCalls libraries;
  private final ImageUploads uploads;
  private final ContextCalls contexts;
  private final ContextEvents contextEvents;
  private final GraphTransfers transfers;
  private final UserReferences references;
  private final GraphCalls graphs;
  private final GraphConditions conditions;
  private final CaptureCalls captures;
  private final NodeWorks works;

  SessionCalls(ClientSession session) {
    memory = new MemoryCalls(session);
    virtualMemory = new VirtualMemoryCalls(session);
    use = new UseCalls(session);
    pointers = new PointerCalls(session);
    pools = new PoolCalls(session, memory);
    arrays = new ArrayCalls(session, memory);
    copies = new CopyCalls(session);
    downloads = new Downloads(session, copies);
    offers = new Offers(session, copies);
    fetches = new Fetches(session, copies);
    streams = new StreamCalls(session);
    events = new EventCalls(session);
    contextEvents = new ContextEvents(session, streams, events);
    callbacks = new HostCallbacks(session);
    launches = new LaunchCalls(session);
    loads = new ModuleLoads(session, memory);
    modules = new ModuleCalls(session, loads);
    libraries = new LibraryCalls(session, loads, modules);
    uploads = new ImageUploads(session);
    contexts = new ContextCalls(session, this);
    transfers = new GraphTransfers(session, downloads);
    references = new UserReferences(session, callbacks);
    graphs =
        new GraphCalls(
            session,
            new GraphRuns(session, callbacks, transfers, streams),
            transfers,
            memory.ofGraphs(),
            references);
    conditions = new GraphConditions(session, graphs);
    captures = new CaptureCalls(session, graphs);
    works = new NodeWorks(session, launches, memory.ofGraphs());
  }

  MemoryCalls memory() {
    return memory;
  }

  @Override
  public GraphCalls graphs() {
    return graphs;
  }

  @Override
  public GraphConditions conditions() {
    return conditions;
  }

  @Override
  public UserReferences references() {
    return references;
  }

  @Override
  public VirtualMemoryCalls virtualMemory() {
    return virtualMemory;
  }

  @Override
  public GraphMemoryCalls graphMemory() {
    return memory.ofGraphs();
  }

  @Override
  public GraphTransfers transfers() {
    return transfers;
  }

  @Override
  public ContextCalls contexts() {
    return contexts;
  }

  @Override
  public ContextEvents contextEvents() {
    return contextEvents;
  }

  @Override
  public CaptureCalls captures() {
    return captures;
  }

  @Override
  public NodeWorks works() {
    return works;
  }

  @Override
  public PoolCalls pools() {
    return pools;
  }

  @Override
  public ArrayCalls arrays() {
    return arrays;
  }

  @Override
  public CopyCalls copies() {
    return copies;
  }

  @Override
  public Downloads downloads() {
    return downloads;
  }

  @Override
  public Offers offers() {
    return offers;
  }

  @Override
  public Fetches fetches() {
    return fetches;
  }

  StreamCalls streams() {
    return streams;
  }

  EventCalls events() {
    return events;
  }

  HostCallbacks callbacks() {
    return callbacks;
  }

  ImageUploads uploads() {
    return uploads;
  }

  ModuleLoads loads() {
    return loads;
  }

  ModuleCalls modules() {
    return modules;
  }

  /** The session ends; {@code then} is run when nothing here uses the devices any more. */
  void sessionEnds(Runnable then) {
    memory.sessionEnds();
    uploads.sessionEnds();
    offers.sessionEnds();
    fetches.sessionEnds();
    graphs.sessionEnds();
    loads.sessionEnds(then);
  }

  @Override
  public void cuModuleGetFunction(CallContext call, long hfunc, long hmod, String name) {
    modules.cuModuleGetFunction(SessionCall.own(call), hfunc, hmod, name);
  }

  @Override
  public void cuModuleLoadData(CallContext call, long module, byte[] imageSha256, long imageBytes) {
    modules.load(SessionCall.own(call), module, new int[0], new long[0], imageSha256, imageBytes);
  }

  @Override
  public void cuModuleLoadDataEx(
      CallContext call,
      long module,
      int[] options,
      long[] optionValues,
      byte[] imageSha256,
      long imageBytes) {
    modules.load(SessionCall.own(call), module, options, optionValues, imageSha256, imageBytes);
  }

  @Override
  public void cuModuleUnload(CallContext call, long hmod) {
    modules.cuModuleUnload(SessionCall.own(call), hmod);
  }

  @Override
  public void cuModuleGetGlobal(CallContext call, long hmod, String name) {
    modules.cuModuleGetGlobal(SessionCall.own(call), hmod, name);
  }

  @Override
  public void cuModuleGetFunctionCount(CallContext call, long mod) {
    modules.cuModuleGetFunctionCount(SessionCall.own(call), mod);
  }

  @Override
  public void cuModuleEnumerateFunctions(CallContext call, int numFunctions, long mod) {
    modules.cuModuleEnumerateFunctions(SessionCall.own(call), numFunctions, mod);
  }

  @Override
  public void cuLibraryLoadData(
      CallContext call,
      long library,
      int[] jitOptions,
      long[] jitOptionsValues,
      int[] libraryOptions,
      long[] libraryOptionValues,
      byte[] imageSha256,
      long imageBytes) {
    JitOptions.check(jitOptions, jitOptionsValues);
    JitOptions.checkLibrary(libraryOptions, libraryOptionValues);
    libraries.cuLibraryLoadData(SessionCall.own(call), library, imageSha256, imageBytes);
  }

  @Override
  public void cuLibraryUnload(CallContext call, long library) {
    libraries.cuLibraryUnload(SessionCall.own(call), library);
  }

  @Override
  public void cuLibraryGetKernel(CallContext call, long pKernel, long library, String name) {
    libraries.cuLibraryGetKernel(SessionCall.own(call), pKernel, library, name);
  }

  @Override
  public void cuLibraryGetModule(CallContext call, long pMod, long library) {
    libraries.cuLibraryGetModule(SessionCall.own(call), pMod, library);
  }

  @Override
  public void cuLibraryGetGlobal(CallContext call, long library, String name) {
    libraries.cuLibraryGetGlobal(SessionCall.own(call), library, name);
  }

  @Override
  public void cuLibraryGetKernelCount(CallContext call, long lib) {
    libraries.cuLibraryGetKernelCount(SessionCall.own(call), lib);
  }

  @Override
  public void cuLibraryEnumerateKernels(CallContext call, int numKernels, long lib) {
    libraries.cuLibraryEnumerateKernels(SessionCall.own(call), numKernels, lib);
  }

  @Override
  public void cuKernelSetAttribute(CallContext call, int attrib, int val, long kernel, int dev) {
    libraries.cuKernelSetAttribute(SessionCall.own(call), attrib, val, kernel, dev);
  }

  @Override
  public void cuMemAlloc(CallContext call, long bytesize) {
    memory.cuMemAlloc(SessionCall.own(call), bytesize);
  }

  @Override
  public void cuMemFree(CallContext call, long dptr) {
    memory.cuMemFree(SessionCall.own(call), dptr);
  }

  /** Every alignment that elements of up to 16 bytes want is less than that of rows. */
  @Override
  public void cuMemAllocPitch(
      CallContext call, long widthInBytes, long height, int elementSizeBytes) {
    memory.cuMemAllocPitch(SessionCall.own(call), widthInBytes, height);
  }

  @Override
  public void cuMemGetInfo(CallContext call) {
    memory.cuMemGetInfo(SessionCall.own(call));
  }

  @Override
  public void cuMemGetAddressRange(CallContext call, long dptr) {
    memory.cuMemGetAddressRange(SessionCall.own(call), dptr);
  }

  @Override
  public void cuMemAllocAsync(CallContext call, long bytesize, long hStream) {
    memory.cuMemAllocAsync(SessionCall.own(call), bytesize, hStream);
  }

  @Override
  public void cuMemFreeAsync(CallContext call, long dptr, long hStream) {
    memory.cuMemFreeAsync(SessionCall.own(call), dptr, hStream);
  }

  @Override
  public void cuPointerGetAttribute(CallContext call, int attribute, long ptr) {
    pointers.cuPointerGetAttribute(SessionCall.own(call), attribute, ptr);
  }

  @Override
  public void cuPointerSetAttribute(CallContext call, int attribute, long ptr, int setting) {
    pointers.set(SessionCall.own(call), ptr, setting != 0);
  }

  @Override
  public void cuPointerGetAttributes(CallContext call, int[] attributes, long ptr) {
    pointers.cuPointerGetAttributes(SessionCall.own(call), attributes, ptr);
  }

  @Override
  public void cuStreamCreateWithPriority(CallContext call, long phStream, int flags, int priority) {
    streams.cuStreamCreateWithPriority(SessionCall.own(call), phStream, flags, priority);
  }

  @Override
  public void cuStreamDestroy(CallContext call, long hStream) {
    streams.cuStreamDestroy(SessionCall.own(call), hStream);
  }

  @Override
  public void cuStreamQuery(CallContext call, long hStream) {
    streams.cuStreamQuery(SessionCall.own(call), hStream);
  }

  @Override
  public void cuStreamSynchronize(CallContext call, long hStream) {
    streams.cuStreamSynchronize(SessionCall.own(call), hStream);
  }

  @Override
  public void cuStreamWaitEvent(CallContext call, long hStream, long hEvent, int flags) {
    streams.cuStreamWaitEvent(SessionCall.own(call), hStream, hEvent, flags);
  }

  /** The table allows no flags. */
  @Override
  public void cuStreamAddCallback(CallContext call, long hStream, int flags, long token) {
    callbacks.request(SessionCall.own(call), hStream, token, true);
  }

  @Override
  public void cuLaunchHostFunc(CallContext call, long hStream, long token) {
    callbacks.request(SessionCall.own(call), hStream, token, false);
  }

  @Override
  public void cuEventCreate(CallContext call, long phEvent, int flags) {
    events.cuEventCreate(SessionCall.own(call), phEvent, flags);
  }

  @Override
  public void cuEventRecordWithFlags(CallContext call, long hEvent, long hStream, int flags) {
    events.cuEventRecordWithFlags(SessionCall.own(call), hEvent, hStream, flags);
  }

  @Override
  public void cuEventQuery(CallContext call, long hEvent) {
    events.cuEventQuery(SessionCall.own(call), hEvent);
  }

  @Override
  public void cuEventSynchronize(CallContext call, long hEvent) {
    events.cuEventSynchronize(SessionCall.own(call), hEvent);
  }

  @Override
  public void cuEventDestroy(CallContext call, long hEvent) {
    events.cuEventDestroy(SessionCall.own(call), hEvent);
  }

  @Override
  public void cuLaunchKernel(
      CallContext call,
      long f,
      int gridDimX,
      int gridDimY,
      int gridDimZ,
      int blockDimX,
      int blockDimY,
      int blockDimZ,
      int sharedMemBytes,
      long hStream,
      byte[] kernelParams) {
    Shape shape =
        new Shape(gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes);
    launches.launch(SessionCall.own(call), f, shape, hStream, Manner.PLAIN, kernelParams);
  }

  @Override
  public void cuLaunchCooperativeKernel(
      CallContext call,
      long f,
      int gridDimX,
      int gridDimY,
      int gridDimZ,
      int blockDimX,
      int blockDimY,
      int blockDimZ,
      int sharedMemBytes,
      long hStream,
      byte[] kernelParams) {
    Shape shape =
        new Shape(gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes);
    launches.launch(SessionCall.own(call), f, shape, hStream, Manner.COOPERATIVE, kernelParams);
  }

  @Override
  public void cuLaunchKernelEx(
      CallContext call,
      long f,
      byte[] kernelParams,
      int gridDimX,
      int gridDimY,
      int gridDimZ,
      int blockDimX,
      int blockDimY,
      int blockDimZ,
      int sharedMemBytes,
      long hStream,
      List<LaunchAttribute> attributes) {
    Shape shape =
        new Shape(gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes);
    Manner manner = LaunchCalls.manner(attributes);
    launches.launch(SessionCall.own(call), f, shape, hStream, manner, kernelParams);
  }

  @Override
  public void remoraDeviceUse(CallContext call, int device) {
    use.deviceUse(SessionCall.own(call), device);
  }

  @Override
  public void remoraUploadImage(
      CallContext call, byte[] sha256, long totalBytes, long offset, Payload data) {
    uploads.remoraUploadImage(SessionCall.own(call), sha256, totalBytes, offset, data);
  }

  @Override
  public void remoraLink(
      CallContext call, int[] options, long[] optionValues, byte[] imageSha256, long imageBytes) {
    modules.link(SessionCall.own(call), options, optionValues, imageSha256, imageBytes);
  }
}
