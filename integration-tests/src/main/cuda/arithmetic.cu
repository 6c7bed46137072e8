// SPDX-License-Identifier: Apache-2.0
// Every thread applies many operations to its own operands; what each slot holds is said once more,
// in Java, by the program that checks it.

#include <cuda_fp16.h>

#define INT_RESULTS 32
#define LONG_RESULTS 18
#define FLOAT_RESULTS 32
#define DOUBLE_RESULTS 16
#define HALF_RESULTS 12

extern "C" __global__ void integerOperations(const int* as, const int* bs, const int* cs,
                                             int* results, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) {
    return;
  }
  int a = as[i];
  int b = bs[i];
  int c = cs[i];
  unsigned int ua = a;
  unsigned int ub = b;
  unsigned int uc = c;
  int* r = results + i * INT_RESULTS;
  r[0] = __mulhi(a, b);
  r[1] = __umulhi(ua, ub);
  r[2] = __mul24(a, b);
  r[3] = __umul24(ua, ub);
  r[4] = __sad(a, b, uc);
  r[5] = __usad(ua, ub, uc);
  r[6] = __clz(a);
  r[7] = __ffs(a);
  r[8] = __popc(ua);
  r[9] = __brev(ua);
  r[10] = __byte_perm(ua, ub, uc & 0x7777);
  r[11] = __funnelshift_l(ua, ub, uc);
  r[12] = __funnelshift_r(ua, ub, uc);
  r[13] = __funnelshift_lc(ua, ub, uc & 63);
  r[14] = __funnelshift_rc(ua, ub, uc & 63);
  r[15] = __dp4a(a, b, c);
  r[16] = __dp4a(ua, ub, uc);
  r[17] = __hadd(a, b);
  r[18] = __rhadd(a, b);
  r[19] = a / (b | 1);
  r[20] = a % (b | 1);
  r[21] = ua / (ub | 1u);
  r[22] = ua % (ub | 1u);
  r[23] = (short)a * (short)b + (signed char)c;
  r[24] = min(a, b) + max(b, c);
  r[25] = min(ua, ub) + max(ub, uc);
  r[26] = a << (c & 31);
  r[27] = a >> (c & 31);
  r[28] = ua >> (uc & 31);
  r[29] = (a & b) | (~a & c);
  r[30] = (int)((ua >> (uc & 15)) & ((1u << (ub & 15)) - 1));
  r[31] = abs(a) ^ (a < b ? c : a == c ? 1 : 2);
}

extern "C" __global__ void longOperations(const long long* as, const long long* bs,
                                          long long* results, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) {
    return;
  }
  long long a = as[i];
  long long b = bs[i];
  unsigned long long ua = a;
  unsigned long long ub = b;
  long long* r = results + i * LONG_RESULTS;
  unsigned __int128 sum = ((unsigned __int128)ua << 64 | ub) + ((unsigned __int128)ub << 64 | ua);
  r[0] = __mul64hi(a, b);
  r[1] = __umul64hi(ua, ub);
  r[2] = a / (b | 1);
  r[3] = a % (b | 1);
  r[4] = ua / (ub | 1);
  r[5] = ua % (ub | 1);
  r[6] = __clzll(a);
  r[7] = __popcll(ua);
  r[8] = __brevll(ua);
  r[9] = a << (b & 63);
  r[10] = a >> (b & 63);
  r[11] = ua >> (ub & 63);
  r[12] = (long long)(sum >> 64);
  r[13] = __float_as_int(__ll2float_rn(a));
  r[14] = __double_as_longlong(__ull2double_rn(ua));
  r[15] = __float_as_int(__ull2float_rz(ua));
  r[16] = (int)a * (long long)(int)b + a;
  r[17] = min(a, b) ^ (long long)max(ua, ub);
}

extern "C" __global__ void floatOperations(const float* as, const float* bs, const float* cs,
                                           float* results, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) {
    return;
  }
  float a = as[i];
  float b = bs[i];
  float c = cs[i];
  float* r = results + i * FLOAT_RESULTS;
  r[0] = __fadd_rz(a, b);
  r[1] = __fadd_ru(a, b);
  r[2] = __fmul_rd(a, b);
  r[3] = __fmaf_rn(a, b, c);
  r[4] = __fmaf_rd(a, b, c);
  r[5] = __fdiv_rn(a, b);
  r[6] = __fdiv_rz(a, b);
  r[7] = __fsqrt_rn(fabsf(a));
  r[8] = __fsqrt_ru(fabsf(a));
  r[9] = __frcp_rn(a);
  r[10] = fminf(a, b);
  r[11] = fmaxf(a, b);
  r[12] = rintf(a);
  r[13] = floorf(a);
  r[14] = ceilf(a);
  r[15] = truncf(a);
  r[16] = (float)__float2int_rn(a);
  r[17] = (float)__float2int_rz(a);
  r[18] = (float)__float2uint_ru(fabsf(a));
  r[19] = __int2float_rz(__float_as_int(a));
  r[20] = copysignf(a, b);
  r[21] = __saturatef(a);
  r[22] = a < b ? 1.0f : a == b ? 2.0f : 3.0f;
  r[23] = fmodf(a, 3.0f);
  r[24] = sinf(a);
  r[25] = cosf(a);
  r[26] = expf(a * 0.25f);
  r[27] = logf(fabsf(a));
  r[28] = powf(fabsf(a), 0.3f);
  r[29] = tanhf(a);
  r[30] = rsqrtf(fabsf(a));
  r[31] = cbrtf(a);
}

extern "C" __global__ void doubleOperations(const double* as, const double* bs, double* results,
                                            int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) {
    return;
  }
  double a = as[i];
  double b = bs[i];
  double* r = results + i * DOUBLE_RESULTS;
  r[0] = __dadd_rn(a, b);
  r[1] = __dmul_rn(a, b);
  r[2] = __fma_rn(a, b, 1.0);
  r[3] = a / b;
  r[4] = sqrt(fabs(a));
  r[5] = __dadd_rz(a, b);
  r[6] = rint(a) + floor(b);
  r[7] = (double)(long long)(a * 1e6);
  r[8] = (double)(float)a;
  r[9] = fmin(a, b) - fmax(a, b);
  r[10] = sin(a);
  r[11] = exp(a * 0.25);
  r[12] = log(fabs(a));
  r[13] = pow(fabs(a), 0.3);
  r[14] = 1.0 / a;
  r[15] = rsqrt(fabs(a));
}

extern "C" __global__ void halfOperations(const float* as, const float* bs, const float* cs,
                                          float* results, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) {
    return;
  }
  __half a = __float2half_rn(as[i]);
  __half b = __float2half_rn(bs[i]);
  __half c = __float2half_rz(cs[i]);
  __half2 ab = __halves2half2(a, b);
  __half2 cc = __half2half2(c);
  float* r = results + i * HALF_RESULTS;
  r[0] = __half2float(a);
  r[1] = __half2float(c);
  r[2] = __half2float(__hadd(a, b));
  r[3] = __half2float(__hsub(a, b));
  r[4] = __half2float(__hmul(a, b));
  r[5] = __half2float(__hfma(a, b, c));
  r[6] = __low2float(__hmul2(ab, cc));
  r[7] = __high2float(__hfma2(ab, cc, ab));
  r[8] = __hlt(a, b) ? 1.0f : 0.0f;
  r[9] = (float)__half2int_rn(a);
  r[10] = __half2float(__int2half_rn((int)cs[i]));
  r[11] = __half2float(__hneg(a));
}
