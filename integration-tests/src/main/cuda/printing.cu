// SPDX-License-Identifier: Apache-2.0
//
// Kernels that print, in the forms that the conversions of printf have.
#include <cstdio>

extern "C" __global__ void greet(int round) {
  printf("round %d, block %d, thread %d\n", round, blockIdx.x, threadIdx.x);
}

extern "C" __global__ void formats(double zero) {
  printf("%d %i %u %x %X %o %c %%\n", -42, 7, 4000000000u, 0xbeef, 0xbeef, 8, 'x');
  printf("[%5d] [%-5d] [%05d] [%+d] [% d] [%.3d] [%*d]\n", 42, 42, 42, 42, 42, 7, 4, 9);
  printf("%lld %llu %llx %zu\n", -5000000000LL, 18446744073709551615ULL, 1ULL << 40, (size_t)3);
  printf("%f %.2f %8.3f %-8.1f| %e %g %g %g %G\n", 1.5, 2.345, 3.14159, 2.5, 12345.678, 0.0001,
         1e10, 100000.0, 1e-10);
  printf("%s [%8s] [%-8s] [%.2s]\n", "text", "right", "left", "cut");
  printf("%#x %#o %p\n", 255, 8, (void*)0x1234);
  printf("%f %f %f %5.0f|\n", 1.0 / zero, -1.0 / zero, -zero, 2.5);
  printf("no newline,");
  printf(" then one: gr\xc3\xbc\xc3\x9f\n");
}

extern "C" __global__ void flood(int lines) {
  for (int i = 0; i < lines; i++) {
    printf("line %d of a flood that is longer than the buffer takes\n", i);
  }
}
