// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ProgramsTest {
  /** A device that takes every call and computes nothing. */
  private static final class IdleGpu implements Gpu {
    private long next = 256;
    private int live;

    @Override
    public long allocate(long bytes) {
      live++;
      next += 256 + bytes;
      return next;
    }

    @Override
    public void free(long address) {
      live--;
    }

    @Override
    public void upload(long address, ByteBuffer source) {
      source.position(source.limit());
    }

    @Override
    public void download(long address, ByteBuffer target) {
      target.position(target.limit());
    }

    @Override
    public Module loadModule(String ptx) {
      live++;
      return new Module() {
        @Override
        public Function function(String name) {
          assertThat(ptx).contains(".entry " + name + "(");
          return new Function() {};
        }

        @Override
        public long global(String name) {
          return 256;
        }

        @Override
        public void close() {
          live--;
        }
      };
    }

    @Override
    public void launch(
        Function function, Extent grid, Extent block, int sharedBytes, Object... arguments) {}

    @Override
    public void synchronize() {}
  }

  static List<DeviceProgram> programs() {
    return DeviceProgram.suite();
  }

  @ParameterizedTest
  @MethodSource("programs")
  void everyProgramNoticesADeviceThatComputesNothingAndStillFreesAll(DeviceProgram program) {
    IdleGpu gpu = new IdleGpu();
    ProgramResult result = program.run(gpu);
    assertThat(result.passed()).as(result.toString()).isFalse();
    assertThat(result.elementsChecked()).isPositive();
    assertThat(gpu.live).isZero();
  }

  @Test
  void nanIsNeverWithinTheTolerance() {
    Comparison comparison = new Comparison();
    comparison.check(Double.NaN, 1, 1);
    assertThat(comparison.result("nan", 1e300, "any").passed()).isFalse();
  }

  @Test
  void anEmptyComparisonDoesNotPass() {
    assertThat(new Comparison().exactResult("nothing").passed()).isFalse();
  }

  @Test
  void theNormalDistributionIsThatOfTheTables() {
    assertThat(BlackScholes.normal(0)).isEqualTo(0.5);
    assertThat(BlackScholes.normal(1)).isCloseTo(0.841344746068543, within(1e-14));
    assertThat(BlackScholes.normal(-2.5)).isCloseTo(0.006209665325776132, within(1e-14));
    assertThat(BlackScholes.normal(4)).isCloseTo(0.9999683287581669, within(1e-14));
    assertThat(BlackScholes.normal(-6)).isCloseTo(9.865876450376946e-10, within(1e-20));
  }

  @Test
  void twoBodiesOnACircleStayOnIt() {
    float[] positions = {0.5f, 0, 0, 0.5f, -0.5f, 0, 0, 0.5f};
    float[] velocities = {0, 0.5f, 0, 0, 0, -0.5f, 0, 0};
    NBodyReference bodies = new NBodyReference(new NBodyState(positions, velocities), 1e-4f);
    double energy = bodies.energy();
    // One turn takes 2 pi.
    bodies.step(6283, 0.001f);
    assertThat(bodies.position(0, 0)).isCloseTo(0.5, within(1e-3));
    assertThat(bodies.position(1, 1)).isCloseTo(0, within(2e-3));
    assertThat(bodies.energy()).isCloseTo(energy, within(1e-5));
  }

  @Test
  void galaxiesAreTheSameForTheSameSeed() {
    NBodyState first = NBodyState.collidingGalaxies(64, 5);
    assertThat(first.positions()).isEqualTo(NBodyState.collidingGalaxies(64, 5).positions());
    assertThat(first.positions()).isNotEqualTo(NBodyState.collidingGalaxies(64, 6).positions());
    assertThat(first.count()).isEqualTo(64);
  }

  @Test
  void aPictureShowsLightOnADarkBackground(@TempDir Path directory) throws IOException {
    Path file = directory.resolve("new/picture.png");
    NBodyPicture.write(NBodyState.collidingGalaxies(500, 5), file);
    BufferedImage image = ImageIO.read(file.toFile());
    assertThat(image.getWidth()).isEqualTo(1600);
    assertThat(image.getHeight()).isEqualTo(1000);
    long bright = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        bright += (image.getRGB(x, y) >> 8 & 0xff) > 128 ? 1 : 0;
      }
    }
    assertThat(bright).isBetween(500L, 200_000L);
    assertThat(image.getRGB(0, 0) & 0xff).isLessThan(40);
  }
}
