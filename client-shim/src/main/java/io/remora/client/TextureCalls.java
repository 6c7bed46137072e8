// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import io.remora.wire.WireWriter;
import jcuda.NativePointerObject;
import jcuda.driver.CUDA_RESOURCE_DESC;
import jcuda.driver.CUDA_RESOURCE_VIEW_DESC;
import jcuda.driver.CUDA_TEXTURE_DESC;
import jcuda.driver.CUresourcetype;
import jcuda.driver.CUresult;
import jcuda.driver.CUsurfObject;
import jcuda.driver.CUtexObject;
import org.jspecify.annotations.Nullable;

/** Texture and surface objects. What they were made of is kept here to be asked for. */
interface TextureCalls extends TableCalls {
  @Override
  default int cuTexObjectCreate(
      @Nullable CUtexObject pTexObject,
      @Nullable CUDA_RESOURCE_DESC pResDesc,
      @Nullable CUDA_TEXTURE_DESC pTexDesc,
      @Nullable CUDA_RESOURCE_VIEW_DESC pResViewDesc) {
    if (pTexObject == null
        || pResDesc == null
        || pTexDesc == null
        || pTexDesc.addressMode == null
        || pTexDesc.borderColor == null
        || pResDesc.flags != 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    if (pResViewDesc != null) {
      return CUresult.CUDA_ERROR_NOT_SUPPORTED;
    }
    ThreadState thread = core().thread();
    int result = core().refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    WireWriter out = core().begin(Calls.CU_TEX_OBJECT_CREATE, thread);
    try {
      write(out, pResDesc, pTexDesc);
      core().endSync(thread);
    } finally {
      core().release();
    }
    result = core().await(thread, Calls.CU_TEX_OBJECT_CREATE);
    if (result == CUresult.CUDA_SUCCESS) {
      long object = Outputs.cuTexObjectCreate(core().outputs(thread));
      core().imageObjects().add(device(), object, pResDesc, pTexDesc);
      JCudaFields.setValue(pTexObject, object);
    }
    return result;
  }

  private static void write(
      WireWriter out, CUDA_RESOURCE_DESC resource, CUDA_TEXTURE_DESC texture) {
    int[] border = new int[texture.borderColor.length];
    for (int i = 0; i < border.length; i++) {
      border[i] = Float.floatToRawIntBits(texture.borderColor[i]);
    }
    boolean rows = resource.resType == CUresourcetype.CU_RESOURCE_TYPE_PITCH2D;
    long address =
        switch (resource.resType) {
          case CUresourcetype.CU_RESOURCE_TYPE_ARRAY -> JCudaFields.value(resource.array_hArray);
          case CUresourcetype.CU_RESOURCE_TYPE_LINEAR ->
              JCudaFields.address(resource.linear_devPtr);
          case CUresourcetype.CU_RESOURCE_TYPE_PITCH2D ->
              JCudaFields.address(resource.pitch2D_devPtr);
          default -> 0;
        };
    CallWriter.cuTexObjectCreate(
        out,
        resource.resType,
        address,
        rows ? resource.pitch2D_format : resource.linear_format,
        rows ? resource.pitch2D_numChannels : resource.linear_numChannels,
        resource.pitch2D_width,
        resource.pitch2D_height,
        resource.pitch2D_pitchInBytes,
        resource.linear_sizeInBytes,
        texture.addressMode,
        texture.filterMode,
        texture.flags,
        texture.maxAnisotropy,
        border);
  }

  @Override
  default int cuTexObjectDestroy(@Nullable CUtexObject texObject) {
    ThreadState thread = core().thread();
    int result = core().refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    core().imageObjects().remove(device(), JCudaFields.value(texObject));
    WireWriter out = core().begin(Calls.CU_TEX_OBJECT_DESTROY, thread);
    try {
      CallWriter.cuTexObjectDestroy(out, JCudaFields.value(texObject));
      return core().endAsync();
    } finally {
      core().release();
    }
  }

  @Override
  default int cuSurfObjectCreate(
      @Nullable CUsurfObject pSurfObject, @Nullable CUDA_RESOURCE_DESC pResDesc) {
    if (pSurfObject == null
        || pResDesc == null
        || pResDesc.flags != 0
        || pResDesc.resType != CUresourcetype.CU_RESOURCE_TYPE_ARRAY) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    ThreadState thread = core().thread();
    int result = core().refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    WireWriter out = core().begin(Calls.CU_SURF_OBJECT_CREATE, thread);
    try {
      CallWriter.cuSurfObjectCreate(out, JCudaFields.value(pResDesc.array_hArray));
      core().endSync(thread);
    } finally {
      core().release();
    }
    result = core().await(thread, Calls.CU_SURF_OBJECT_CREATE);
    if (result == CUresult.CUDA_SUCCESS) {
      long object = Outputs.cuSurfObjectCreate(core().outputs(thread));
      core().imageObjects().add(device(), object, pResDesc, null);
      JCudaFields.setValue(pSurfObject, object);
    }
    return result;
  }

  @Override
  default int cuSurfObjectDestroy(@Nullable CUsurfObject surfObject) {
    ThreadState thread = core().thread();
    int result = core().refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    core().imageObjects().remove(device(), JCudaFields.value(surfObject));
    WireWriter out = core().begin(Calls.CU_SURF_OBJECT_DESTROY, thread);
    try {
      CallWriter.cuSurfObjectDestroy(out, JCudaFields.value(surfObject));
      return core().endAsync();
    } finally {
      core().release();
    }
  }

  /** The current context's device; only where there is one. */
  private int device() {
    ClientContext current = core().thread().current();
    return current == null ? -1 : current.device();
  }

  private ImageObjects.@Nullable Made find(@Nullable NativePointerObject object) {
    return core().imageObjects().find(device(), JCudaFields.value(object));
  }

  @Override
  default int cuTexObjectGetResourceDesc(
      @Nullable CUDA_RESOURCE_DESC pResDesc, @Nullable CUtexObject texObject) {
    ImageObjects.Made made = find(texObject);
    if (made == null || made.texture() == null || pResDesc == null) {
      return core().local(CUresult.CUDA_ERROR_INVALID_VALUE);
    }
    ImageObjects.copy(made.resource(), pResDesc);
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuTexObjectGetTextureDesc(
      @Nullable CUDA_TEXTURE_DESC pTexDesc, @Nullable CUtexObject texObject) {
    ImageObjects.Made made = find(texObject);
    CUDA_TEXTURE_DESC texture = made == null ? null : made.texture();
    if (texture == null || pTexDesc == null) {
      return core().local(CUresult.CUDA_ERROR_INVALID_VALUE);
    }
    ImageObjects.copy(texture, pTexDesc);
    return core().local(CUresult.CUDA_SUCCESS);
  }

  /** No texture has a view, which is what CUDA answers then. */
  @Override
  default int cuTexObjectGetResourceViewDesc(
      @Nullable CUDA_RESOURCE_VIEW_DESC pResViewDesc, @Nullable CUtexObject texObject) {
    return core().local(CUresult.CUDA_ERROR_INVALID_VALUE);
  }

  @Override
  default int cuSurfObjectGetResourceDesc(
      @Nullable CUDA_RESOURCE_DESC pResDesc, @Nullable CUsurfObject surfObject) {
    ImageObjects.Made made = find(surfObject);
    if (made == null || made.texture() != null || pResDesc == null) {
      return core().local(CUresult.CUDA_ERROR_INVALID_VALUE);
    }
    ImageObjects.copy(made.resource(), pResDesc);
    return core().local(CUresult.CUDA_SUCCESS);
  }
}
