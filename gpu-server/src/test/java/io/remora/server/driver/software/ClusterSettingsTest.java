// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.ptx.ClusterRules;
import io.remora.ptx.ClusterShape;
import io.remora.ptx.LaunchShape;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What programs may say of a kernel's clusters, and which launches follow from it. */
final class ClusterSettingsTest {
  private static final int WIDTH = 11;
  private static final int HEIGHT = 12;
  private static final int DEPTH = 13;
  private static final int NON_PORTABLE = 14;
  private static final int POLICY = 15;

  private static LaunchShape launch(int blocks, int cluster) {
    LaunchShape shape = LaunchShape.linear(blocks, 32);
    return cluster == 0 ? shape : shape.withCluster(new ClusterShape(cluster, 1, 1));
  }

  private static void refuses(ClusterSettings settings, LaunchShape shape, String why) {
    assertThatThrownBy(() -> settings.applied(shape))
        .isInstanceOfSatisfying(
            DriverException.class,
            refusal ->
                assertThat(refusal.result())
                    .isEqualTo(CUresult.CUDA_ERROR_INVALID_CLUSTER_SIZE_VALUE))
        .hasMessageContaining(why);
  }

  @Test
  void whatTheKernelWasCompiledForStands() {
    var settings = new ClusterSettings(new ClusterRules(List.of(2, 1, 1), 0, true));
    assertThat(settings.all())
        .containsEntry(10, 1)
        .containsEntry(WIDTH, 2)
        .containsEntry(HEIGHT, 1)
        .containsEntry(DEPTH, 1)
        .containsEntry(1000, 0);
    assertThat(settings.set(WIDTH, 4)).isEqualTo(CUresult.CUDA_ERROR_NOT_PERMITTED_VALUE);
    assertThat(settings.settings()).containsOnlyKeys(NON_PORTABLE, POLICY);
    assertThat(settings.applied(launch(4, 0)).cluster()).isEqualTo(new ClusterShape(2, 1, 1));
    refuses(settings, launch(4, 4), "compiled for");
    refuses(settings, launch(5, 0), "whole clusters");
  }

  @Test
  void programsMaySetTheExtent() {
    var settings = new ClusterSettings(ClusterRules.NONE);
    assertThat(settings.set(WIDTH, 3)).isZero();
    refuses(settings, launch(6, 0), "1 to 16 blocks");
    assertThat(settings.set(HEIGHT, 1)).isZero();
    assertThat(settings.set(DEPTH, 1)).isZero();
    assertThat(settings.applied(launch(6, 0)).cluster()).isEqualTo(new ClusterShape(3, 1, 1));
    assertThat(settings.settings()).containsEntry(WIDTH, 3).containsEntry(DEPTH, 1);
    assertThat(settings.set(WIDTH, -1)).isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    assertThat(settings.set(10, 1)).isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    assertThat(settings.set(POLICY, 2)).isZero();
    assertThat(settings.set(POLICY, 3)).isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
  }

  @Test
  void devicesOfEarlierGenerationsHaveNone() {
    assertThat(DeviceAttributes.of(new DeviceLimits(120, 2), 1)).containsEntry(120, 1);
    assertThat(DeviceAttributes.of(new DeviceLimits(90, 2), 1)).containsEntry(120, 1);
    assertThat(DeviceAttributes.of(new DeviceLimits(89, 2), 1)).containsEntry(120, 0);
  }

  @Test
  void largeClustersMustBeAllowed() {
    var settings = new ClusterSettings(ClusterRules.NONE);
    assertThat(settings.applied(launch(16, 8)).cluster().blocks()).isEqualTo(8);
    refuses(settings, launch(16, 16), "must be allowed");
    assertThat(settings.set(NON_PORTABLE, 2)).isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    assertThat(settings.set(NON_PORTABLE, 1)).isZero();
    assertThat(settings.applied(launch(16, 16)).cluster().blocks()).isEqualTo(16);
    var limited = new ClusterSettings(new ClusterRules(List.of(), 4, false));
    assertThat(limited.all()).containsEntry(1000, 4);
    refuses(limited, launch(8, 8), "at most 4 blocks");
  }
}
