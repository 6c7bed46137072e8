// SPDX-License-Identifier: Apache-2.0
// Prices of European call and put options by the Black-Scholes formula.

__device__ float cumulativeNormal(float d) {
  return 0.5f * erfcf(-d * 0.70710678118654752440f);
}

extern "C" __global__ void blackScholes(const float* spot, const float* strike, const float* years,
                                        float rate, float volatility, float* call, float* put,
                                        int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) {
    return;
  }
  float rootYears = sqrtf(years[i]);
  float d1 = (logf(spot[i] / strike[i]) + (rate + 0.5f * volatility * volatility) * years[i]) /
             (volatility * rootYears);
  float d2 = d1 - volatility * rootYears;
  float discounted = strike[i] * expf(-rate * years[i]);
  call[i] = spot[i] * cumulativeNormal(d1) - discounted * cumulativeNormal(d2);
  put[i] = discounted * cumulativeNormal(-d2) - spot[i] * cumulativeNormal(-d1);
}

// The same with the hardware's approximate functions and the polynomial of Abramowitz and Stegun,
// 26.2.17, as trading code has it.
__device__ float cumulativeNormalFast(float d) {
  float k = __fdividef(1.0f, 1.0f + 0.2316419f * fabsf(d));
  float series =
      k * (0.319381530f +
           k * (-0.356563782f + k * (1.781477937f + k * (-1.821255978f + k * 1.330274429f))));
  float tail = 0.39894228040143267794f * __expf(-0.5f * d * d) * series;
  return d > 0.0f ? 1.0f - tail : tail;
}

extern "C" __global__ void blackScholesFast(const float* spot, const float* strike,
                                            const float* years, float rate, float volatility,
                                            float* call, float* put, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) {
    return;
  }
  float inverseRoot = rsqrtf(years[i]);
  float deviation = volatility * __fdividef(1.0f, inverseRoot);
  float d1 = __fdividef(
      __logf(__fdividef(spot[i], strike[i])) + (rate + 0.5f * volatility * volatility) * years[i],
      deviation);
  float d2 = d1 - deviation;
  float discounted = strike[i] * __expf(-rate * years[i]);
  float n1 = cumulativeNormalFast(d1);
  float n2 = cumulativeNormalFast(d2);
  call[i] = spot[i] * n1 - discounted * n2;
  put[i] = discounted * (1.0f - n2) - spot[i] * (1.0f - n1);
}
