// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.v1.CUresult;
import io.remora.wire.Payload;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class ModuleImageCacheTest {
  private final ModuleImageCache cache = new ModuleImageCache(1000, 600);

  private static byte[] image(int bytes, int value) {
    byte[] image = new byte[bytes];
    java.util.Arrays.fill(image, (byte) value);
    return image;
  }

  private void upload(byte[] image) {
    ModuleImageCache.Upload upload = cache.upload(TestCalls.sha256(image), image.length);
    assertThat(upload.append(0, Payload.of(ByteBuffer.wrap(image, 0, 10)))).isFalse();
    assertThat(upload.append(10, Payload.of(ByteBuffer.wrap(image, 10, image.length - 10))))
        .isTrue();
  }

  @Test
  void anImageIsFoundByItsHash() {
    byte[] image = image(500, 1);
    assertThat(cache.find(TestCalls.sha256(image))).isEmpty();
    upload(image);

    assertThat(cache.find(TestCalls.sha256(image)))
        .hasValueSatisfying(
            found -> {
              assertThat(found).isEqualTo(ByteBuffer.wrap(image));
              assertThat(found.isReadOnly()).isTrue();
            });
    assertThat(cache.heldBytes()).isEqualTo(500);
  }

  @Test
  void theImageThatWasNotUsedForLongestGoesFirst() {
    byte[] first = image(400, 1);
    byte[] second = image(400, 2);
    upload(first);
    upload(second);
    assertThat(cache.find(TestCalls.sha256(first))).isPresent();
    upload(image(400, 3));

    assertThat(cache.find(TestCalls.sha256(second))).isEmpty();
    assertThat(cache.find(TestCalls.sha256(first))).isPresent();
    assertThat(cache.heldBytes()).isEqualTo(800);
  }

  @Test
  void uploadsInProgressCountAndAreRefusedWhenNothingCanGo() {
    ModuleImageCache.Upload first = cache.upload(new byte[32], 600);
    first.append(0, Payload.of(ByteBuffer.wrap(image(599, 1))));
    ModuleImageCache.Upload second = cache.upload(image(32, 1), 600);

    assertThatThrownBy(() -> second.append(0, Payload.of(ByteBuffer.wrap(image(599, 1)))))
        .isInstanceOfSatisfying(
            CallException.class,
            e -> assertThat(e.result()).isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE));
    first.close();
    first.close();
    assertThat(cache.heldBytes()).isZero();
  }

  @Test
  void sizesOutOfBoundsAreRefused() {
    ModuleImageCache.Upload upload = cache.upload(new byte[32], 600);
    upload.append(0, Payload.of(ByteBuffer.wrap(image(1, 1))));

    assertThat(cache.heldBytes()).isEqualTo(600);
    assertThatThrownBy(() -> cache.upload(new byte[32], 601)).isInstanceOf(CallException.class);
    assertThatThrownBy(() -> cache.upload(new byte[32], 0)).isInstanceOf(CallException.class);
    assertThatThrownBy(() -> cache.upload(new byte[31], 1)).isInstanceOf(CallException.class);
    upload.close();
  }

  @Test
  void piecesOutOfOrderEndTheUpload() {
    ModuleImageCache.Upload upload = cache.upload(new byte[32], 100);
    upload.append(0, Payload.of(ByteBuffer.wrap(image(10, 1))));

    assertThatThrownBy(() -> upload.append(5, Payload.of(ByteBuffer.wrap(image(10, 1)))))
        .isInstanceOf(CallException.class);
    assertThat(cache.heldBytes()).isZero();
    assertThatThrownBy(() -> upload.append(10, Payload.of(ByteBuffer.wrap(image(10, 1)))))
        .isInstanceOf(CallException.class);
  }
}
