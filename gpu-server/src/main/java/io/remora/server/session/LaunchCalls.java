// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain.Cluster;
import io.remora.server.driver.Domain.Launch;
import io.remora.v1.CUresult;
import io.remora.v1.LaunchAttribute;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Launching kernels. Belongs to the session's serial executor. */
final class LaunchCalls {
  // CUlaunchAttributeID.
  private static final int IGNORE = 0;
  private static final int ACCESS_POLICY_WINDOW = 1;
  private static final int COOPERATIVE = 2;
  private static final int SYNCHRONIZATION_POLICY = 3;
  private static final int CLUSTER_DIMENSION = KernelAttributes.CLUSTER_DIMENSION;
  private static final int CLUSTER_SCHEDULING_POLICY = 5;
  private static final int PROGRAMMATIC_STREAM_SERIALIZATION = 6;
  private static final int PRIORITY = 8;
  private static final int MEM_SYNC_DOMAIN_MAP = 9;
  private static final int MEM_SYNC_DOMAIN = 10;
  private static final int PREFERRED_SHARED_MEMORY_CARVEOUT = 14;

  private static final int ATTRIBUTES_MAX = 64;
  private static final String NOT_COOPERATIVE = "the device has no cooperative launches";
  private static final String NO_CLUSTERS = "the device has no clusters of several blocks";

  private final ClientSession session;

  LaunchCalls(ClientSession session) {
    this.session = session;
  }

  /** The grid and block of a launch, as 32 bits from the wire: unsigned there, at most 2^31-1. */
  record Shape(
      int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int sharedBytes) {}

  /**
   * What attributes say of a launch.
   *
   * @param cooperative all of its blocks run at the same time
   * @param cluster the clusters that it asks for
   * @param programmatic it may begin before the kernel before it on its stream has ended
   * @param ofNode what a node of a graph keeps of them if the launch is captured
   */
  record Manner(
      boolean cooperative, Cluster cluster, boolean programmatic, List<LaunchAttribute> ofNode) {
    static final Manner PLAIN = new Manner(false, Cluster.NONE, false, List.of());
    static final Manner COOPERATIVE = new Manner(true, Cluster.NONE, false, List.of());

    Manner {
      ofNode = List.copyOf(ofNode);
    }
  }

  void launch(
      SessionCall call,
      long functionHandle,
      Shape shape,
      long streamHandle,
      Manner manner,
      byte[] parameters) {
    SessionStream stream = session.objects().stream(call, streamHandle);
    NodeWork.Kernel kernel =
        kernel(
            stream.device(),
            functionHandle,
            shape,
            manner.cooperative(),
            manner.cluster(),
            parameters);
    if (stream.capture() != null && !manner.ofNode().isEmpty()) {
      kernel = with(kernel, manner.ofNode());
    }
    boolean captured =
        manner.programmatic()
            ? session.captures().takesProgrammatic(call, stream, kernel)
            : session.captures().takes(call, stream, kernel);
    if (!captured) {
      call.submit(stream, kernel);
    }
  }

  /**
   * A launch that is known to be right, on a stream or in a graph.
   *
   * @throws CallException if the device or the kernel doesn't allow it
   */
  NodeWork.Kernel kernel(
      SessionDevice device,
      long functionHandle,
      Shape shape,
      boolean cooperative,
      Cluster cluster,
      byte[] parameters) {
    SessionFunction.Instance function = session.objects().function(functionHandle).on(device);
    check(device.launchLimits(), function, shape, parameters.length);
    check(device.launchLimits(), cooperative, cluster);
    Launch launch =
        new Launch(
            function.handle(),
            shape.gridX(),
            shape.gridY(),
            shape.gridZ(),
            shape.blockX(),
            shape.blockY(),
            shape.blockZ(),
            shape.sharedBytes(),
            cooperative,
            cluster,
            ByteBuffer.wrap(parameters));
    return new NodeWork.Kernel(
        device,
        functionHandle,
        launch,
        WorkKeys.ofLaunch(
            function.handle(),
            ((long) shape.gridX() * 31 + shape.gridY()) * 31 + shape.gridZ(),
            ((long) shape.blockX() * 31 + shape.blockY()) * 31 + shape.blockZ(),
            shape.sharedBytes()),
        function.meter(session.meter(), device),
        KernelAttributes.NONE);
  }

  /**
   * A kernel of a graph with more attributes.
   *
   * @throws CallException {@code CUDA_ERROR_NOT_SUPPORTED} for those that the device doesn't have
   */
  static NodeWork.Kernel with(NodeWork.Kernel kernel, List<LaunchAttribute> more) {
    NodeWork.Kernel changed = kernel.with(KernelAttributes.of(kernel).with(more));
    check(
        kernel.device().launchLimits(), changed.launch().cooperative(), changed.launch().cluster());
    return changed;
  }

  private static void check(LaunchLimits limits, boolean cooperative, Cluster cluster) {
    if (cooperative && !limits.cooperative()) {
      throw new CallException(CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, NOT_COOPERATIVE);
    }
    if (cluster.isOfSeveral() && !limits.clusters()) {
      throw new CallException(CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, NO_CLUSTERS);
    }
  }

  private static void check(
      LaunchLimits limits, SessionFunction.Instance function, Shape shape, int parameterBytes) {
    if (!limits.allowsGrid(shape.gridX(), shape.gridY(), shape.gridZ())) {
      throw CallException.invalidValue("the device has no such grid: " + shape);
    }
    if (!limits.allowsBlock(shape.blockX(), shape.blockY(), shape.blockZ())) {
      throw CallException.invalidValue("the device has no such block: " + shape);
    }
    if (shape.sharedBytes() < 0
        || (long) shape.sharedBytes() + function.sharedBytes() > limits.sharedBytesMax()) {
      throw CallException.invalidValue(
          "the block needs "
              + shape.sharedBytes()
              + " + "
              + function.sharedBytes()
              + " bytes of shared memory, the device has "
              + limits.sharedBytesMax());
    }
    if (parameterBytes != function.parameterBytes()) {
      throw CallException.invalidValue(
          "the kernel takes "
              + function.parameterBytes()
              + " bytes of parameters, not "
              + parameterBytes);
    }
    if (shape.blockX() * shape.blockY() * shape.blockZ() > function.threadsMax()) {
      throw new CallException(
          CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES_VALUE,
          "the kernel can have " + function.threadsMax() + " threads in a block at most");
    }
  }

  /**
   * Reads the attributes of an extended launch. Those that are only hints change nothing.
   *
   * @throws CallException {@code CUDA_ERROR_NOT_SUPPORTED} for one that would change the meaning,
   *     {@code CUDA_ERROR_INVALID_CLUSTER_SIZE} for a cluster of no blocks
   */
  static Manner manner(List<LaunchAttribute> attributes) {
    if (attributes.size() > ATTRIBUTES_MAX) {
      throw CallException.invalidValue("there are not so many launch attributes");
    }
    boolean cooperative = false;
    Cluster cluster = Cluster.NONE;
    boolean programmatic = false;
    List<LaunchAttribute> ofNode = new ArrayList<>(0);
    for (LaunchAttribute attribute : attributes) {
      switch (attribute.getId()) {
        case IGNORE, SYNCHRONIZATION_POLICY -> {}
        case ACCESS_POLICY_WINDOW,
            CLUSTER_SCHEDULING_POLICY,
            PRIORITY,
            MEM_SYNC_DOMAIN_MAP,
            MEM_SYNC_DOMAIN,
            PREFERRED_SHARED_MEMORY_CARVEOUT ->
            ofNode.add(attribute);
        case COOPERATIVE -> cooperative = word(attribute, 0) != 0;
        case PROGRAMMATIC_STREAM_SERIALIZATION -> programmatic = word(attribute, 0) != 0;
        case CLUSTER_DIMENSION -> cluster = cluster(attribute);
        default ->
            throw new CallException(
                CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
                "the launch attribute " + attribute.getId() + " is not supported");
      }
    }
    return new Manner(cooperative, cluster, programmatic, ofNode);
  }

  private static Cluster cluster(LaunchAttribute attribute) {
    var cluster = new Cluster(word(attribute, 0), word(attribute, 1), word(attribute, 2));
    if (cluster.x() <= 0 || cluster.y() <= 0 || cluster.z() <= 0) {
      throw new CallException(
          CUresult.CUDA_ERROR_INVALID_CLUSTER_SIZE_VALUE, "there is no such cluster: " + cluster);
    }
    return cluster;
  }

  private static int word(LaunchAttribute attribute, int index) {
    if (attribute.getValue().size() < (index + 1) * Integer.BYTES) {
      throw CallException.invalidValue("a launch attribute is shorter than its value");
    }
    return attribute
        .getValue()
        .asReadOnlyByteBuffer()
        .order(ByteOrder.LITTLE_ENDIAN)
        .getInt(index * Integer.BYTES);
  }
}
