// SPDX-License-Identifier: Apache-2.0
package io.remora.config;

import java.util.HashSet;
import java.util.Set;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** Refuses what YAML allows and a configuration file doesn't need, before anything is read. */
final class YamlShape {
  private YamlShape() {}

  /**
   * Reports anchors (with which a few lines become endless), keys given twice, and deep nesting.
   */
  static void check(Node node, int depthMax, Problems problems) {
    if (node.getAnchor().isPresent()) {
      // What follows an anchor may contain itself: it isn't looked at.
      problems.add(node, "anchors and aliases are not supported: write the value out");
      return;
    }
    if (depthMax == 0) {
      problems.add(node, "is nested too deeply");
      return;
    }
    if (node instanceof SequenceNode list) {
      list.getValue().forEach(element -> check(element, depthMax - 1, problems));
    } else if (node instanceof MappingNode mapping) {
      checkKeys(mapping, problems);
      mapping.getValue().forEach(tuple -> check(tuple.getValueNode(), depthMax - 1, problems));
    }
  }

  private static void checkKeys(MappingNode mapping, Problems problems) {
    Set<String> seen = new HashSet<>();
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        problems.add(tuple.getKeyNode(), "a key must be a word");
      } else if (!seen.add(key.getValue())) {
        problems.add(key, "the key '" + key.getValue() + "' is given twice");
      }
    }
  }
}
