// SPDX-License-Identifier: Apache-2.0
// Wide and packed integers.

typedef unsigned long long u64;

extern "C" __global__ void wideProducts(u64* out, const u64* in, int count) {
  int i = threadIdx.x;
  unsigned __int128 product = (unsigned __int128)in[2 * i] * in[2 * i + 1];
  product += ((unsigned __int128)in[2 * i + 1] << 64) | in[2 * i];
  out[2 * i] = (u64)product;
  out[2 * i + 1] = (u64)(product >> 64);
}

extern "C" __global__ void wideQuotients(u64* out, const u64* in, int count) {
  int i = threadIdx.x;
  unsigned __int128 dividend = ((unsigned __int128)in[2 * i] << 64) | in[2 * i + 1];
  unsigned __int128 divisor = (in[2 * i + 1] >> 7) | 1;
  out[2 * i] = (u64)(dividend / divisor);
  out[2 * i + 1] = (u64)(dividend % divisor);
}

extern "C" __global__ void longQuotients(long long* out, const long long* in, int count) {
  int i = threadIdx.x;
  long long divisor = in[2 * i + 1] >> (i % 48);
  divisor = divisor == 0 ? 3 : divisor;
  out[2 * i] = in[2 * i] / divisor;
  out[2 * i + 1] = in[2 * i] % divisor;
}

extern "C" __global__ void packedBytes(int* out, const int* in, int count) {
  int i = threadIdx.x;
  unsigned int a = in[2 * i];
  unsigned int b = in[2 * i + 1];
  out[4 * i] = __vadd4(a, b);
  out[4 * i + 1] = __vabsdiffu4(a, b);
  out[4 * i + 2] = __dp4a((int)a, (int)b, i);
  out[4 * i + 3] = __vmaxs2(a, b);
}

extern "C" __global__ void fields(int* out, const int* in, int count) {
  int i = threadIdx.x;
  unsigned int a = in[2 * i];
  unsigned int b = in[2 * i + 1];
  out[4 * i] = __funnelshift_l(a, b, i);
  out[4 * i + 1] = __byte_perm(a, b, 0x5140 + (i & 7));
  out[4 * i + 2] = __brev(a) ^ __clz(b) ^ __ffs(a & b);
  out[4 * i + 3] = (int)(a << 5) >> 17;
}
