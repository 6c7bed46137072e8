// SPDX-License-Identifier: Apache-2.0
//
// Textures of arrays, linear memory and rows: one to three dimensions, layers, cubes, filters,
// address modes, and reading integers as fractions; compared with the programming guide's formulas.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "check.h"

static const int WIDTH = 37;
static const int HEIGHT = 23;
static const int DEPTH = 6;
static const int PLACES = 1000;

// A place outside of the image as often as in it; never exactly between two weights.
__host__ __device__ static float place(int i, int size, bool normalized) {
  float texels = (static_cast<float>(i * 7919 % 4096) / 2048.0f - 0.5f) * size * 1.0f + 1.0f / 1024;
  return normalized ? texels / size : texels;
}

__global__ static void sample(cudaTextureObject_t texture, int kind, bool normalized, float *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= PLACES) {
    return;
  }
  float x = place(i, WIDTH, normalized);
  float y = place(i + 31, HEIGHT, normalized);
  float z = place(i + 77, DEPTH, normalized);
  switch (kind) {
  case 1: out[i] = tex1D<float>(texture, x); break;
  case 2: out[i] = tex2D<float>(texture, x, y); break;
  case 3: out[i] = tex3D<float>(texture, x, y, z); break;
  case 4: out[i] = tex2DLayered<float>(texture, x, y, i % DEPTH); break;
  case 5: out[i] = tex2D<float2>(texture, x, y).y; break;
  default: out[i] = tex2DLod<float>(texture, x, y, 0.0f); break;
  }
}

static int folded(int index, int size, cudaTextureAddressMode mode, bool normalized) {
  if (index >= 0 && index < size) {
    return index;
  }
  if (mode == cudaAddressModeBorder) {
    return -1;
  }
  if (mode == cudaAddressModeWrap && normalized) {
    return (index % size + size) % size;
  }
  return index < 0 ? 0 : size - 1;
}

static double scaled(float coordinate, int size, cudaTextureAddressMode mode, bool normalized) {
  double at = coordinate;
  if (!normalized) {
    return at;
  }
  if (mode == cudaAddressModeWrap) {
    at -= std::floor(at);
  } else if (mode == cudaAddressModeMirror) {
    double whole = std::floor(at);
    at = std::fmod(whole, 2.0) == 0 ? at - whole : 1 - (at - whole);
  }
  return at * size;
}

struct Reference {
  const std::vector<float> &texels;
  int dimensions;
  cudaTextureAddressMode mode;
  bool linear;
  bool normalized;

  double texel(int x, int y, int z) const {
    x = folded(x, WIDTH, mode, normalized);
    y = dimensions < 2 ? 0 : folded(y, HEIGHT, mode, normalized);
    z = dimensions < 3 ? z : folded(z, DEPTH, mode, normalized);
    return x < 0 || y < 0 || z < 0 ? 0 : texels[(z * HEIGHT + y) * WIDTH + x];
  }

  double read(float x, float y, float z, int layer) const {
    double at[3] = {scaled(x, WIDTH, mode, normalized), scaled(y, HEIGHT, mode, normalized),
                    scaled(z, DEPTH, mode, normalized)};
    int base[3] = {0, 0, dimensions < 3 ? layer : 0};
    double weight[3] = {0, 0, 0};
    for (int i = 0; i < dimensions; i++) {
      double from = linear ? at[i] - 0.5 : at[i];
      base[i] = static_cast<int>(std::floor(from));
      weight[i] = linear ? std::floor((from - base[i]) * 256 + 0.5) / 256 : 0;
    }
    double sum = 0;
    for (int corner = 0; corner < 8; corner++) {
      double part = 1;
      int index[3];
      for (int i = 0; i < 3; i++) {
        int second = corner >> i & 1;
        part *= second ? weight[i] : 1 - weight[i];
        index[i] = base[i] + second;
      }
      if (part != 0) {
        sum += part * texel(index[0], index[1], index[2]);
      }
    }
    return sum;
  }
};

static std::vector<float> image() {
  std::vector<float> texels(WIDTH * HEIGHT * DEPTH);
  for (size_t i = 0; i < texels.size(); i++) {
    texels[i] = static_cast<float>(i * 37 % 1009);
  }
  return texels;
}

static cudaTextureObject_t texture_of(const cudaResourceDesc &resource, cudaTextureAddressMode mode,
                                      bool linear, bool normalized,
                                      cudaTextureReadMode read = cudaReadModeElementType) {
  cudaTextureDesc how = {};
  for (int i = 0; i < 3; i++) {
    how.addressMode[i] = mode;
  }
  how.filterMode = linear ? cudaFilterModeLinear : cudaFilterModePoint;
  how.normalizedCoords = normalized;
  how.readMode = read;
  cudaTextureObject_t texture;
  CHECK(cudaCreateTextureObject(&texture, &resource, &how, nullptr));
  return texture;
}

static void compare(const cudaResourceDesc &resource, const std::vector<float> &texels,
                    int dimensions, int kind) {
  float *out;
  std::vector<float> read(PLACES);
  CHECK(cudaMalloc(&out, PLACES * sizeof(float)));
  for (int choice = 0; choice < 16; choice++) {
    auto mode = static_cast<cudaTextureAddressMode>(choice >> 2);
    bool linear = choice & 1;
    bool normalized = choice & 2;
    cudaTextureObject_t texture = texture_of(resource, mode, linear, normalized);
    sample<<<(PLACES + 127) / 128, 128>>>(texture, kind, normalized, out);
    CHECK(cudaMemcpy(read.data(), out, PLACES * sizeof(float), cudaMemcpyDeviceToHost));
    Reference reference = {texels, dimensions, mode, linear, normalized};
    for (int i = 0; i < PLACES; i++) {
      float x = place(i, WIDTH, normalized);
      float y = place(i + 31, HEIGHT, normalized);
      float z = place(i + 77, DEPTH, normalized);
      double wanted = reference.read(x, y, z, kind == 4 ? i % DEPTH : 0);
      // A weight may be one step off where floats round another way; texels are below 1009.
      double allowed = linear ? 3 * 1009.0 / 256 : 0;
      if (std::fabs(read[i] - wanted) > allowed + 1e-3) {
        std::fprintf(stderr, "kind %d choice %d place %d: %g, not %g\n", kind, choice, i, read[i],
                     wanted);
        std::exit(1);
      }
    }
    CHECK(cudaDestroyTextureObject(texture));
  }
  CHECK(cudaFree(out));
}

static cudaResourceDesc of_array(cudaArray_t array) {
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeArray;
  resource.res.array.array = array;
  return resource;
}

static void arrays_of_one_and_two_dimensions() {
  std::vector<float> texels = image();
  cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
  cudaArray_t line;
  cudaArray_t plane;
  CHECK(cudaMallocArray(&line, &format, WIDTH));
  CHECK(cudaMemcpy2DToArray(line, 0, 0, texels.data(), WIDTH * 4, WIDTH * 4, 1,
                            cudaMemcpyHostToDevice));
  compare(of_array(line), texels, 1, 1);
  CHECK(cudaMallocArray(&plane, &format, WIDTH, HEIGHT));
  CHECK(cudaMemcpy2DToArray(plane, 0, 0, texels.data(), WIDTH * 4, WIDTH * 4, HEIGHT,
                            cudaMemcpyHostToDevice));
  compare(of_array(plane), texels, 2, 2);
  compare(of_array(plane), texels, 2, 6);

  cudaChannelFormatDesc found;
  cudaExtent extent;
  unsigned int flags;
  CHECK(cudaArrayGetInfo(&found, &extent, &flags, plane));
  REQUIRE(extent.width == WIDTH && extent.height == HEIGHT && extent.depth == 0 && flags == 0);
  REQUIRE(found.x == 32 && found.y == 0 && found.f == cudaChannelFormatKindFloat);

  std::vector<float> part(5 * 3);
  CHECK(cudaMemcpy2DFromArray(part.data(), 20, plane, 4 * 4, 2, 20, 3, cudaMemcpyDeviceToHost));
  for (int y = 0; y < 3; y++) {
    for (int x = 0; x < 5; x++) {
      REQUIRE(part[y * 5 + x] == texels[(y + 2) * WIDTH + x + 4]);
    }
  }
  EXPECT_ERROR(cudaMemcpy2DToArray(plane, 4, 0, texels.data(), WIDTH * 4, WIDTH * 4, 1,
                                   cudaMemcpyHostToDevice),
               cudaErrorInvalidValue);
  cudaArray_t copy;
  CHECK(cudaMallocArray(&copy, &format, WIDTH, HEIGHT));
  CHECK(cudaMemcpy2DArrayToArray(copy, 0, 0, plane, 0, 0, WIDTH * 4, HEIGHT));
  compare(of_array(copy), texels, 2, 2);
  CHECK(cudaFreeArray(copy));
  CHECK(cudaFreeArray(line));
  CHECK(cudaFreeArray(plane));
}

static void fill(cudaArray_t array, const std::vector<float> &texels) {
  cudaMemcpy3DParms copy = {};
  copy.srcPtr = make_cudaPitchedPtr(const_cast<float *>(texels.data()), WIDTH * 4, WIDTH, HEIGHT);
  copy.dstArray = array;
  copy.extent = make_cudaExtent(WIDTH, HEIGHT, DEPTH);
  copy.kind = cudaMemcpyHostToDevice;
  CHECK(cudaMemcpy3D(&copy));
}

static void boxes_and_layers() {
  std::vector<float> texels = image();
  cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
  cudaArray_t box;
  cudaArray_t layers;
  CHECK(cudaMalloc3DArray(&box, &format, make_cudaExtent(WIDTH, HEIGHT, DEPTH)));
  fill(box, texels);
  compare(of_array(box), texels, 3, 3);
  CHECK(cudaMalloc3DArray(&layers, &format, make_cudaExtent(WIDTH, HEIGHT, DEPTH),
                          cudaArrayLayered));
  fill(layers, texels);
  compare(of_array(layers), texels, 2, 4);

  // A part of some slices comes back.
  std::vector<float> down(4 * 3 * 2);
  cudaMemcpy3DParms copy = {};
  copy.srcArray = box;
  copy.srcPos = make_cudaPos(5, 6, 2);
  copy.dstPtr = make_cudaPitchedPtr(down.data(), 16, 4, 3);
  copy.extent = make_cudaExtent(4, 3, 2);
  copy.kind = cudaMemcpyDeviceToHost;
  CHECK(cudaMemcpy3D(&copy));
  for (int z = 0; z < 2; z++) {
    for (int y = 0; y < 3; y++) {
      for (int x = 0; x < 4; x++) {
        REQUIRE(down[(z * 3 + y) * 4 + x] == texels[((z + 2) * HEIGHT + y + 6) * WIDTH + x + 5]);
      }
    }
  }
  CHECK(cudaFreeArray(box));
  CHECK(cudaFreeArray(layers));
}

__global__ static void directions(cudaTextureObject_t texture, float *out) {
  out[0] = texCubemap<float>(texture, 1, 0.1f, 0.1f);
  out[1] = texCubemap<float>(texture, -1, 0.1f, 0.1f);
  out[2] = texCubemap<float>(texture, 0.1f, 1, 0.1f);
  out[3] = texCubemap<float>(texture, 0.1f, -1, 0.1f);
  out[4] = texCubemap<float>(texture, 0.1f, 0.1f, 1);
  out[5] = texCubemap<float>(texture, 0.1f, 0.1f, -1);
  // The right upper quarter of the face at +x: seen from inside, -z is right and y is up.
  out[6] = texCubemap<float>(texture, 1, 0.5f, -0.5f);
}

static void cubes() {
  std::vector<float> faces(2 * 2 * 6);
  for (size_t i = 0; i < faces.size(); i++) {
    faces[i] = static_cast<float>(i);
  }
  cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
  cudaArray_t cube;
  CHECK(cudaMalloc3DArray(&cube, &format, make_cudaExtent(2, 2, 6), cudaArrayCubemap));
  cudaMemcpy3DParms copy = {};
  copy.srcPtr = make_cudaPitchedPtr(faces.data(), 8, 2, 2);
  copy.dstArray = cube;
  copy.extent = make_cudaExtent(2, 2, 6);
  copy.kind = cudaMemcpyHostToDevice;
  CHECK(cudaMemcpy3D(&copy));
  cudaTextureObject_t texture = texture_of(of_array(cube), cudaAddressModeClamp, false, true);
  float *out;
  float read[7];
  CHECK(cudaMalloc(&out, sizeof(read)));
  directions<<<1, 1>>>(texture, out);
  CHECK(cudaMemcpy(read, out, sizeof(read), cudaMemcpyDeviceToHost));
  for (int face = 0; face < 6; face++) {
    REQUIRE(read[face] >= face * 4 && read[face] < face * 4 + 4);
  }
  REQUIRE(read[6] == 1);
  CHECK(cudaDestroyTextureObject(texture));
  CHECK(cudaFree(out));
  CHECK(cudaFreeArray(cube));
}

__global__ static void elements(cudaTextureObject_t texture, int count, uint32_t *out) {
  int i = threadIdx.x - 1;
  uchar4 texel = tex1Dfetch<uchar4>(texture, i);
  out[threadIdx.x] = texel.x | texel.y << 8 | texel.z << 16 | texel.w << 24;
}

__global__ static void fractions(cudaTextureObject_t texture, float4 *out) {
  out[threadIdx.x] = tex2D<float4>(texture, threadIdx.x + 0.5f, 1.5f);
}

__global__ static void gathered(cudaTextureObject_t texture, uint32_t *out) {
  uchar4 four = tex2Dgather<uchar4>(texture, 2.0f, 1.0f, 3);
  out[0] = four.x | four.y << 8 | four.z << 16 | four.w << 24;
}

static void linear_memory_and_rows() {
  const int count = 32;
  std::vector<uint32_t> up(count);
  for (int i = 0; i < count; i++) {
    up[i] = 0x01020304u * (i + 1);
  }
  uint32_t *memory;
  uint32_t *out;
  float4 *floats;
  CHECK(cudaMalloc(&memory, count * 4));
  CHECK(cudaMalloc(&out, (count + 2) * 4));
  CHECK(cudaMalloc(&floats, 8 * sizeof(float4)));
  CHECK(cudaMemcpy(memory, up.data(), count * 4, cudaMemcpyHostToDevice));
  cudaResourceDesc linear = {};
  linear.resType = cudaResourceTypeLinear;
  linear.res.linear.devPtr = memory;
  linear.res.linear.desc = cudaCreateChannelDesc<uchar4>();
  linear.res.linear.sizeInBytes = count * 4;
  cudaTextureObject_t texture = texture_of(linear, cudaAddressModeClamp, false, false);
  elements<<<1, count + 2>>>(texture, count, out);
  std::vector<uint32_t> down(count + 2);
  CHECK(cudaMemcpy(down.data(), out, down.size() * 4, cudaMemcpyDeviceToHost));
  // Outside of linear memory there are zeros.
  REQUIRE(down[0] == 0 && down[count + 1] == 0);
  REQUIRE(std::memcmp(down.data() + 1, up.data(), count * 4) == 0);
  cudaResourceDesc asked;
  CHECK(cudaGetTextureObjectResourceDesc(&asked, texture));
  REQUIRE(asked.resType == cudaResourceTypeLinear && asked.res.linear.devPtr == memory);
  CHECK(cudaDestroyTextureObject(texture));

  cudaResourceDesc rows = {};
  rows.resType = cudaResourceTypePitch2D;
  rows.res.pitch2D.devPtr = memory;
  rows.res.pitch2D.desc = cudaCreateChannelDesc<uchar4>();
  rows.res.pitch2D.width = 8;
  rows.res.pitch2D.height = 4;
  rows.res.pitch2D.pitchInBytes = 32;
  texture = texture_of(rows, cudaAddressModeClamp, false, false, cudaReadModeNormalizedFloat);
  fractions<<<1, 8>>>(texture, floats);
  float4 read[8];
  CHECK(cudaMemcpy(read, floats, sizeof(read), cudaMemcpyDeviceToHost));
  for (int x = 0; x < 8; x++) {
    uint32_t texel = up[8 + x];
    REQUIRE(read[x].x == (texel & 0xff) / 255.0f && read[x].w == (texel >> 24) / 255.0f);
  }
  CHECK(cudaDestroyTextureObject(texture));
  rows.res.pitch2D.height = 5;
  cudaTextureDesc how = {};
  EXPECT_ERROR(cudaCreateTextureObject(&texture, &rows, &how, nullptr), cudaErrorInvalidValue);

  cudaArray_t array;
  cudaChannelFormatDesc format = cudaCreateChannelDesc<uchar4>();
  CHECK(cudaMallocArray(&array, &format, 8, 4, cudaArrayTextureGather));
  CHECK(cudaMemcpy2DToArray(array, 0, 0, up.data(), 32, 32, 4, cudaMemcpyHostToDevice));
  texture = texture_of(of_array(array), cudaAddressModeClamp, false, false);
  gathered<<<1, 1>>>(texture, out);
  uint32_t four;
  CHECK(cudaMemcpy(&four, out, 4, cudaMemcpyDeviceToHost));
  // Channel w of the texels (1,1), (2,1), (2,0), (1,0).
  REQUIRE(four == (up[9] >> 24 | up[10] >> 24 << 8 | up[2] >> 24 << 16 | up[1] >> 24 << 24));
  CHECK(cudaDestroyTextureObject(texture));
  CHECK(cudaFreeArray(array));
  CHECK(cudaFree(memory));
  CHECK(cudaFree(out));
  CHECK(cudaFree(floats));
}

int main() {
  arrays_of_one_and_two_dimensions();
  boxes_and_layers();
  cubes();
  linear_memory_and_rows();
  return pass();
}
