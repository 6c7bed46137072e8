// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.SessionImage;
import java.util.Collection;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Captures that aren't over, as bytes for another server and back. Belongs to the session's serial
 * executor; used once, when its streams, events and graphs are there.
 */
final class CaptureImages {
  private final SessionObjects objects;

  CaptureImages(SessionObjects objects) {
    this.objects = objects;
  }

  /**
   * Writes captures down.
   *
   * @throws Unmovable if one is of something that was destroyed
   */
  List<SessionImage.Capture> write(Collection<Capture> captures) {
    Map<SessionStream, Long> streams = new IdentityHashMap<>();
    objects.streams().byHandle().forEach((handle, stream) -> streams.put(stream, handle));
    return captures.stream().map(each -> write(each, streams)).toList();
  }

  private SessionImage.Capture write(Capture capture, Map<SessionStream, Long> streams) {
    require(objects.graphs().get(capture.graph().handle()) == capture.graph());
    SessionImage.Capture.Builder written =
        SessionImage.Capture.newBuilder()
            .setId(capture.id())
            .setGraph(capture.graph().handle())
            .setOrigin(streams.getOrDefault(capture.origin(), 0L))
            .setThread(capture.thread())
            .setAnyThread(capture.mayEndAnywhere())
            .setIntoOlder(capture.isIntoOlder())
            .setInvalidated(capture.isInvalidated());
    streams.entrySet().stream()
        .sorted(Map.Entry.comparingByValue())
        .forEach(each -> addPart(written, capture, each.getKey(), each.getValue()));
    capture.captured().stream().map(this::handle).sorted().forEach(written::addCaptured);
    objects
        .events()
        .byHandle()
        .forEach(
            (handle, event) -> {
              Capture.OfEvent of = event.capture();
              if (of != null && of.capture() == capture) {
                written.addRecorded(
                    SessionImage.Capture.Recorded.newBuilder()
                        .setEvent(handle)
                        .setBehind(behind(of.nodes())));
              }
            });
    return written.build();
  }

  private void addPart(
      SessionImage.Capture.Builder written, Capture capture, SessionStream stream, long handle) {
    Capture.OfStream part = stream.capture();
    if (part != null && part.capture() == capture) {
      GraphNode latest = capture.latest(stream);
      written.addParts(
          SessionImage.Capture.Part.newBuilder()
              .setStream(handle)
              .setTail(behind(part.tail()))
              .setLatest(latest == null ? 0 : handle(latest)));
    }
  }

  private SessionImage.Capture.Behind.Builder behind(Map<GraphNode, EdgeData> nodes) {
    SessionImage.Capture.Behind.Builder written = SessionImage.Capture.Behind.newBuilder();
    nodes.forEach((node, data) -> written.addNodes(handle(node)).addData(data.packed()));
    return written;
  }

  private long handle(GraphNode node) {
    require(objects.graphNodes().get(node.handle()) == node);
    return node.handle();
  }

  private static void require(boolean there) {
    if (!there) {
      throw new Unmovable("a stream captures what was destroyed");
    }
  }

  /**
   * Makes captures again.
   *
   * @param count how many there were so far, those that are over included
   * @throws IllegalArgumentException if there can't be such captures
   */
  void read(List<SessionImage.Capture> images, long count, Captures captures) {
    Set<Long> ids = new HashSet<>();
    for (SessionImage.Capture image : images) {
      check(image.getId() > 0 && image.getId() <= count && ids.add(image.getId()));
      captures.goOn(read(image));
    }
  }

  private Capture read(SessionImage.Capture image) {
    SessionGraph graph = objects.graph(image.getGraph());
    Capture capture =
        new Capture(
            image.getId(),
            graph,
            stream(image.getOrigin()),
            image.getThread(),
            image.getAnyThread());
    for (SessionImage.Capture.Part part : image.getPartsList()) {
      SessionStream stream = stream(part.getStream());
      check(stream.capture() == null);
      capture.join(stream, behind(part.getTail(), graph));
      if (part.getLatest() != 0) {
        capture.add(stream, node(part.getLatest(), graph));
      }
    }
    Capture.OfStream origin = capture.origin().capture();
    check(origin != null && origin.capture() == capture);
    image.getCapturedList().forEach(each -> capture.captured().add(node(each, graph)));
    for (SessionImage.Capture.Recorded each : image.getRecordedList()) {
      SessionEvent event = objects.events().get(each.getEvent());
      check(event != null);
      if (event != null) {
        event.setCapture(new Capture.OfEvent(capture, behind(each.getBehind(), graph)));
      }
    }
    if (image.getIntoOlder()) {
      capture.setIntoOlder();
    }
    if (image.getInvalidated()) {
      capture.invalidate();
    }
    return capture;
  }

  private SessionStream stream(long handle) {
    SessionStream stream = objects.streams().get(handle);
    if (stream == null) {
      throw new IllegalArgumentException("a capture names no stream");
    }
    return stream;
  }

  private GraphNode node(long handle, SessionGraph graph) {
    GraphNode node = objects.graphNode(handle);
    check(node.graph() == graph);
    return node;
  }

  private Map<GraphNode, EdgeData> behind(SessionImage.Capture.Behind image, SessionGraph graph) {
    check(image.getNodesCount() == image.getDataCount());
    Map<GraphNode, EdgeData> nodes = new LinkedHashMap<>();
    for (int i = 0; i < image.getNodesCount(); i++) {
      nodes.put(node(image.getNodes(i), graph), EdgeData.of(image.getData(i)));
    }
    return nodes;
  }

  private static void check(boolean right) {
    if (!right) {
      throw new IllegalArgumentException("there can't be such a capture");
    }
  }
}
