// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.remora.server.driver.Domain.Cluster;
import io.remora.server.driver.Domain.Launch;
import io.remora.v1.CUresult;
import io.remora.v1.LaunchAttribute;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Attributes of launches that change what a launch is. */
final class LaunchAttributesTest {
  private static LaunchAttribute attribute(int id, int... words) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(words);
    return LaunchAttribute.newBuilder().setId(id).setValue(ByteString.copyFrom(bytes)).build();
  }

  private static LaunchAttribute cluster(int x, int y, int z) {
    return attribute(KernelAttributes.CLUSTER_DIMENSION, x, y, z);
  }

  @Test
  void clustersAreRead() {
    LaunchCalls.Manner manner = LaunchCalls.manner(List.of(cluster(2, 3, 1)));
    assertThat(manner.cluster()).isEqualTo(new Cluster(2, 3, 1));
    assertThat(manner.cluster().isOfSeveral()).isTrue();
    assertThat(LaunchCalls.manner(List.of(cluster(1, 1, 1))).cluster().isOfSeveral()).isFalse();
    assertThat(LaunchCalls.manner(List.of()).cluster()).isEqualTo(Cluster.NONE);
    for (LaunchAttribute empty : List.of(cluster(0, 0, 0), cluster(2, 0, 1), cluster(-1, 1, 1))) {
      assertThatThrownBy(() -> LaunchCalls.manner(List.of(empty)))
          .isInstanceOfSatisfying(
              CallException.class,
              refusal ->
                  assertThat(refusal.result())
                      .isEqualTo(CUresult.CUDA_ERROR_INVALID_CLUSTER_SIZE_VALUE));
    }
    assertThatThrownBy(() -> LaunchCalls.manner(List.of(attribute(4, 2, 1))))
        .hasMessageContaining("shorter");
  }

  @Test
  void whatIsSaidOfAKernelInAGraphChangesItsLaunch() {
    var launch =
        new Launch(1, 8, 1, 1, 1, 1, 1, 0, true, new Cluster(2, 1, 1), ByteBuffer.allocate(0));
    assertThat(KernelAttributes.NONE.applied(launch)).isSameAs(launch);
    Launch changed = KernelAttributes.of(List.of(cluster(4, 1, 1))).applied(launch);
    assertThat(changed.cluster()).isEqualTo(new Cluster(4, 1, 1));
    assertThat(changed.cooperative()).isTrue();
    Launch alone =
        KernelAttributes.of(List.of(attribute(KernelAttributes.COOPERATIVE, 0))).applied(launch);
    assertThat(alone.cluster()).isEqualTo(new Cluster(2, 1, 1));
    assertThat(alone.cooperative()).isFalse();
  }
}
