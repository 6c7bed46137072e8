// SPDX-License-Identifier: Apache-2.0
// The functions of CUDA's mathematical library, one kernel each: out[i] = f(in[i]).

#define FLOAT_FUNCTION(name)                                                         \
  extern "C" __global__ void float_##name(float* out, const float* in, int count) {  \
    int i = blockIdx.x * blockDim.x + threadIdx.x;                                   \
    if (i < count) {                                                                 \
      out[i] = name(in[i]);                                                          \
    }                                                                                \
  }

#define DOUBLE_FUNCTION(name)                                                          \
  extern "C" __global__ void double_##name(double* out, const double* in, int count) { \
    int i = blockIdx.x * blockDim.x + threadIdx.x;                                     \
    if (i < count) {                                                                   \
      out[i] = name(in[i]);                                                            \
    }                                                                                  \
  }

FLOAT_FUNCTION(sinf)
FLOAT_FUNCTION(cosf)
FLOAT_FUNCTION(tanf)
FLOAT_FUNCTION(expf)
FLOAT_FUNCTION(expm1f)
FLOAT_FUNCTION(logf)
FLOAT_FUNCTION(log1pf)
FLOAT_FUNCTION(cbrtf)
FLOAT_FUNCTION(sinhf)
FLOAT_FUNCTION(tanhf)
FLOAT_FUNCTION(asinf)
FLOAT_FUNCTION(atanf)
FLOAT_FUNCTION(rsqrtf)
FLOAT_FUNCTION(__expf)
FLOAT_FUNCTION(__sinf)
FLOAT_FUNCTION(__logf)

DOUBLE_FUNCTION(sin)
DOUBLE_FUNCTION(cos)
DOUBLE_FUNCTION(tan)
DOUBLE_FUNCTION(exp)
DOUBLE_FUNCTION(expm1)
DOUBLE_FUNCTION(log)
DOUBLE_FUNCTION(log1p)
DOUBLE_FUNCTION(cbrt)
DOUBLE_FUNCTION(cosh)
DOUBLE_FUNCTION(tanh)
DOUBLE_FUNCTION(acos)
DOUBLE_FUNCTION(atan)
DOUBLE_FUNCTION(rsqrt)
