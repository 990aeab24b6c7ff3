#!/usr/bin/env python3
"""Weights go both ways between nnc and PyTorch: same names, same axes, same outputs.

    tests/conformance/exchange.py --write    writes exchange_*.nn and files/exchange_*: PyTorch's weights, samples and outputs, which `make check` reads
    NNC=./nnc tests/conformance/exchange.py  reads what nnc has trained and saved into the PyTorch module and compares outputs (TAP)
"""
import json, os, struct, subprocess, sys, tempfile
try:
    import numpy as np, torch, torch.nn as nn, torch.nn.functional as F
except ImportError:
    print("1..0 # SKIP needs torch and NumPy")
    sys.exit(0)
from make import write_safetensors

here = os.path.dirname(os.path.abspath(__file__))
SAMPLES = 6


class Net(nn.Module):
    def __init__(self, forward, **modules):
        super().__init__()
        for name, module in modules.items(): setattr(self, name, module)
        self.run = forward

    def forward(self, x): return self.run(self, x).flatten(1)


class Table(nn.Module):                                   # `positions` has a learned row for each place
    def __init__(self, *shape):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(shape) * 0.1)


def attend(m, x, causal):
    mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype) if causal else None
    return m(x, x, x, need_weights=False, attn_mask=mask)[0]


# name: shape of a sample, classes of whole-number samples or 0, body in the language, the same in PyTorch
CASES = {
    "dense": ((7,), 0, "dense(9) -> layernorm -> tanh\n    dense(20, bias = false) -> batchnorm -> prelu\n    dense(5)", lambda: Net(
        lambda m, x: m.dense3(m.prelu1(m.batchnorm1(m.dense2(torch.tanh(m.layernorm1(m.dense1(x))))))),
        dense1=nn.Linear(7, 9), layernorm1=nn.LayerNorm(9), dense2=nn.Linear(9, 20, bias=False), batchnorm1=nn.BatchNorm1d(20), prelu1=nn.PReLU(), dense3=nn.Linear(20, 5))),
    "conv1d": ((3, 17), 0, "conv(6, 4, stride = 2, pad = 1, bias = false) -> batchnorm -> relu\n    conv(4, 3, dilation = 2, groups = 2, pad = 3) -> groupnorm(2)", lambda: Net(
        lambda m, x: m.groupnorm1(m.conv2(F.relu(m.batchnorm1(m.conv1(x))))),
        conv1=nn.Conv1d(3, 6, 4, 2, 1, bias=False), batchnorm1=nn.BatchNorm1d(6), conv2=nn.Conv1d(6, 4, 3, dilation=2, groups=2, padding=3), groupnorm1=nn.GroupNorm(2, 4))),
    "conv2d": ((2, 7, 6), 0, "conv(18, 3x2, bias = false, pad = 1) -> batchnorm -> relu -> maxpool(2)\n    conv(18, 3, groups = 18, pad = 1) -> groupnorm(3) -> gelu\n    conv(3, 1, stride = 2, pad = 1)", lambda: Net(
        lambda m, x: m.conv3(F.gelu(m.groupnorm1(m.conv2(F.max_pool2d(F.relu(m.batchnorm1(m.conv1(x))), 2))))),
        conv1=nn.Conv2d(2, 18, (3, 2), padding=1, bias=False), batchnorm1=nn.BatchNorm2d(18), conv2=nn.Conv2d(18, 18, 3, padding=1, groups=18), groupnorm1=nn.GroupNorm(3, 18), conv3=nn.Conv2d(18, 3, 1, 2, 1))),
    "conv3d": ((2, 4, 5, 3), 0, "conv(5, 2x3x2, stride = 2, pad = 1, bias = false) -> batchnorm -> relu\n    conv(3, 2, pad = valid)", lambda: Net(
        lambda m, x: m.conv2(F.relu(m.batchnorm1(m.conv1(x)))),
        conv1=nn.Conv3d(2, 5, (2, 3, 2), 2, 1, bias=False), batchnorm1=nn.BatchNorm3d(5), conv2=nn.Conv3d(5, 3, 2))),
    "transposed": ((3, 4, 3), 0, "conv_transpose(6, 3, stride = 2, pad = 1, bias = false) -> batchnorm -> relu\n    conv_transpose(4, 2x3, groups = 2, pad = 0)", lambda: Net(
        lambda m, x: m.conv_transpose2(F.relu(m.batchnorm1(m.conv_transpose1(x)))),
        conv_transpose1=nn.ConvTranspose2d(3, 6, 3, 2, 1, bias=False), batchnorm1=nn.BatchNorm2d(6), conv_transpose2=nn.ConvTranspose2d(6, 4, (2, 3), groups=2))),
    "recurrent": ((9,), 11, "embedding(11, 5) -> lstm(7, output = all) -> gru(6, output = all) -> rnn(4)\n    dense(3)", lambda: Net(
        lambda m, x: m.dense1(m.rnn1(m.gru1(m.lstm1(m.embedding1(x))[0])[0])[0][:, -1]),
        embedding1=nn.Embedding(11, 5), lstm1=nn.LSTM(5, 7, batch_first=True), gru1=nn.GRU(7, 6, batch_first=True), rnn1=nn.RNN(6, 4, batch_first=True), dense1=nn.Linear(4, 3))),
    "attention": ((5, 8), 0, "positions -> attention(2) -> layernorm -> attention(4, causal = true)\n    dense(3)", lambda: Net(
        lambda m, x: m.dense1(attend(m.attention2, m.layernorm1(attend(m.attention1, x + m.positions1.weight, False)), True)),
        positions1=Table(5, 8), attention1=nn.MultiheadAttention(8, 2, batch_first=True), layernorm1=nn.LayerNorm(8), attention2=nn.MultiheadAttention(8, 4, batch_first=True), dense1=nn.Linear(8, 3))),
}


def samples(shape, classes):
    r = np.random.default_rng(3)
    return r.integers(0, classes, (SAMPLES, *shape)) if classes else r.standard_normal((SAMPLES, *shape)).astype("f4")


def start(name, make, x):
    """Weights away from their defaults, and moving statistics away from 0 and 1: two steps of training in float64."""
    torch.manual_seed(len(name))
    net = make().double()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    for _ in range(2):
        optimizer.zero_grad()
        (net(x) ** 2).mean().backward()
        optimizer.step()
    return net


def script(name, body):
    return f"""# exchange_{name}.nn: made by exchange.py; weights and outputs are PyTorch's
data d {{ source = npy("exchange_{name}_x.npy", "exchange_{name}_y.npy") }}
model m {{
    {body}
    flatten
}}
load m from "exchange_{name}.safetensors"
evaluate m on d.train as result {{ metrics = [mae, rmse] }}
assert result.rmse < 2e-6, "outputs as PyTorch's"
"""


def write():
    for name, (shape, classes, body, make) in CASES.items():
        x = samples(shape, classes)
        inputs = torch.from_numpy(x) if classes else torch.from_numpy(x).double()
        net = start(name, make, inputs)
        state = {k: v.float() for k, v in net.state_dict().items()}
        net.load_state_dict({k: v.double() for k, v in state.items()})
        net.eval()
        write_safetensors(f"{here}/files/exchange_{name}.safetensors", state)
        np.save(f"{here}/files/exchange_{name}_x.npy", x)
        np.save(f"{here}/files/exchange_{name}_y.npy", net(inputs).detach().numpy().astype("f4"))
        with open(f"{here}/exchange_{name}.nn", "w") as f: f.write(script(name, body))


def read_safetensors(path):
    raw = open(path, "rb").read()
    length = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + length])
    return {k: torch.from_numpy(np.frombuffer(raw, "<f4", int(np.prod(v["shape"])), 8 + length + v["data_offsets"][0]).reshape(v["shape"]).copy())
            for k, v in header.items() if k != "__metadata__"}


def check():
    print(f"1..{len(CASES)}")
    for number, (name, (shape, classes, body, make)) in enumerate(CASES.items(), 1):
        x, why = samples(shape, classes), None
        with tempfile.TemporaryDirectory() as at:
            np.save(f"{at}/exchange_{name}_x.npy", x)
            np.save(f"{at}/exchange_{name}_y.npy", make().eval()(torch.from_numpy(x)).detach().numpy())
            text = script(name, body).split("load m")[0] + 'train m on d { epochs = 3, batch = 4 }\nsave m to "m.safetensors"\npredict m on d.train to "p.npy"\n'
            text = text.replace("_y.npy\")", "_y.npy\")\n    shuffle = false")
            open(f"{at}/a.nn", "w").write(text)
            run = subprocess.run([os.environ.get("NNC", "./nnc"), "run", f"{at}/a.nn", "--quiet"], capture_output=True, text=True)
            if run.returncode: why = run.stderr
            else:
                net, state = make(), read_safetensors(f"{at}/m.safetensors")
                missing, unexpected = net.load_state_dict(state, strict=False)
                missing = [k for k in missing if not k.endswith("num_batches_tracked")]
                if missing or unexpected: why = f"missing {missing}, unexpected {unexpected}"
                else:
                    net = net.double().eval()
                    wanted = net(torch.from_numpy(x) if classes else torch.from_numpy(x).double()).detach().numpy()
                    far = np.abs(np.load(f"{at}/p.npy") - wanted).max()
                    if not far < 1e-5: why = f"outputs differ by {far}"
        print(f"{'not ok' if why else 'ok'} {number} - {name}: weights written by nnc give the same outputs in PyTorch")
        if why: print("# " + why.replace("\n", "\n# "))


if __name__ == "__main__":
    write() if "--write" in sys.argv[1:] else check()
