# SPDX-License-Identifier: Apache-2.0
"""PyTorch: tensors, a product, a transform, a convolution, a CUDA graph and streams."""
import torch

torch.manual_seed(1)
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.deterministic = True
device = torch.device("cuda")
x = torch.randn(1024, 1024).to(device)
print("elementwise", (x.sin() * 2 + 1).sum().item())
print("product", (x @ x).double().sum().item())
print("transform", torch.fft.fft(x).abs().double().sum().item())
image = torch.randn(8, 3, 64, 64).to(device)
weights = torch.randn(16, 3, 3, 3).to(device)
print("convolution", torch.nn.functional.conv2d(image, weights).double().sum().item())
static = torch.zeros(1000, device=device)
warm = torch.cuda.Stream()
warm.wait_stream(torch.cuda.current_stream())
with torch.cuda.stream(warm):
    static.add_(0)
torch.cuda.current_stream().wait_stream(warm)
graph = torch.cuda.CUDAGraph()
with torch.cuda.graph(graph):
    static.add_(1)
for _ in range(10):
    graph.replay()
torch.cuda.synchronize()
print("graph", static.sum().item())
