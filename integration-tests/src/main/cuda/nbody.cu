// SPDX-License-Identifier: Apache-2.0
// Gravity between all pairs of bodies, softened so that close encounters stay finite. Masses lie in
// the fourth component of positions. A step computes all velocities first and then moves all bodies
// (the semi-implicit Euler method, which keeps energy bounded).

#define TILE 128

extern "C" __global__ void accelerate(const float4* positions, float4* velocities, int count,
                                      float softeningSquared, float step) {
  __shared__ float4 tile[TILE];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float4 own = i < count ? positions[i] : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
  float ax = 0.0f;
  float ay = 0.0f;
  float az = 0.0f;
  for (int start = 0; start < count; start += TILE) {
    int j = start + threadIdx.x;
    tile[threadIdx.x] = j < count ? positions[j] : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    __syncthreads();
#pragma unroll 8
    for (int k = 0; k < TILE; k++) {
      float4 other = tile[k];
      float dx = other.x - own.x;
      float dy = other.y - own.y;
      float dz = other.z - own.z;
      float inverse = rsqrtf(dx * dx + dy * dy + dz * dz + softeningSquared);
      float pull = other.w * inverse * inverse * inverse;
      ax += dx * pull;
      ay += dy * pull;
      az += dz * pull;
    }
    __syncthreads();
  }
  if (i < count) {
    float4 velocity = velocities[i];
    velocity.x += ax * step;
    velocity.y += ay * step;
    velocity.z += az * step;
    velocities[i] = velocity;
  }
}

extern "C" __global__ void move(float4* positions, const float4* velocities, int count, float step) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) {
    float4 position = positions[i];
    float4 velocity = velocities[i];
    position.x += velocity.x * step;
    position.y += velocity.y * step;
    position.z += velocity.z * step;
    positions[i] = position;
  }
}
