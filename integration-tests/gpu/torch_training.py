# SPDX-License-Identifier: Apache-2.0
"""PyTorch: a training loop, whose losses must be the native ones, and a compiled function."""
import torch

torch.manual_seed(2)
torch.use_deterministic_algorithms(False)
torch.backends.cuda.matmul.allow_tf32 = False
device = torch.device("cuda")
data = torch.randn(512, 64).to(device)
target = data.sum(1, keepdim=True).tanh()
model = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 1))
model.to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for step in range(200):
    loss = torch.nn.functional.mse_loss(model(data), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        print("loss", step, repr(loss.item()))
compiled = torch.compile(lambda t: (t.sin() + t.cos()).sum())
print("compiled", round(compiled(data).item(), 2))
