#!/usr/bin/env python3
"""nnc beside PyTorch (and JAX where it is installed): the same training steps in one run.

    bench/run.py [--nnc build/nnc] [--peak build/bench/peak] [--rounds 9] [--seconds 1]
                 [WORKLOAD...]

The contestants take turns, so that a busy neighbour or a drifting clock affects all alike. Each
figure is the median over the rounds, each ratio the median of the ratios in each round. Prints the
table of docs/performance.md.
"""
import argparse, json, os, statistics, subprocess, sys, tempfile, time

# name: inputs, hidden sizes, classes, batch, samples, batch normalisation
WORKLOADS = {
    "mlp, batch 128": (784, (512, 256), 10, 128, 12800, False),
    "mlp, batch 32": (784, (512, 256), 10, 32, 6400, False),
    "mlp with batchnorm, batch 128": (784, (512, 256), 10, 128, 12800, True),
    "tiny, batch 32": (16, (16,), 3, 32, 6400, False),
}


def flops(w):
    """Multiplications and additions of a step, for one sample: the products of the forward pass, of
    the gradients of weights, and of the gradients of inputs except the first layer's."""
    sizes = (w[0], *w[1], w[2])
    products = [a * b for a, b in zip(sizes, sizes[1:])]
    return 2 * (3 * sum(products) - products[0])


def data(w):
    import numpy as np
    r = np.random.default_rng(0)
    x = r.standard_normal((w[4], w[0])).astype("float32")
    return x, r.integers(0, w[2], w[4]).astype("int64")


class Peak:
    """The machine's multiply-add peak, measured in every round: a busy neighbour halves it."""
    name = "peak"

    def __init__(self, workload, options):
        self.command = [options.peak, str(options.threads)]

    def rate(self):
        done = subprocess.run(self.command, capture_output=True, text=True, check=True)
        return float(done.stdout.split()[-1])


class Nnc:
    name = "nnc"

    def __init__(self, workload, options):
        import numpy as np
        self.w, self.options = workload, options
        self.folder = tempfile.TemporaryDirectory(prefix="nnc-bench-")
        x, y = data(workload)
        np.save(self.folder.name + "/x.npy", x)
        np.save(self.folder.name + "/y.npy", y)
        self.run(1)
        self.epochs = max(2, int(options.seconds * self.run(3) / workload[4]))

    def run(self, epochs):
        norm = ", bias = false) -> batchnorm" if self.w[5] else ")"
        layers = "\n".join(f"    dense({h}{norm} -> relu" for h in self.w[1])
        with open(self.folder.name + "/bench.nn", "w") as f:
            f.write(
                'data d { source = npy("x.npy", "y.npy") }\n'
                f"model m {{\n{layers}\n    dense(classes)\n}}\n"
                f"train m on d {{ epochs = {epochs}, batch = {self.w[3]}, "
                "optimizer = adam(lr = 1e-3) }\n")
        command = [os.path.abspath(self.options.nnc), "run", "--quiet", "--log", "log.jsonl",
                   "--threads", str(self.options.threads), "bench.nn"]
        subprocess.run(command, cwd=self.folder.name, check=True)
        with open(self.folder.name + "/log.jsonl") as f:
            events = [json.loads(line) for line in f]
        rates = [e["samples_per_second"] for e in events if e["event"] == "epoch"]
        return statistics.median(rates[1:] or rates)

    def rate(self):
        return self.run(self.epochs)


class Torch:
    name = "PyTorch"

    def __init__(self, workload, options):
        import torch
        torch.set_num_threads(options.threads)
        self.torch, self.w, self.seconds = torch, workload, options.seconds
        layers, before = [], workload[0]
        for h in workload[1]:
            layers.append(torch.nn.Linear(before, h, bias=not workload[5]))
            if workload[5]:
                layers.append(torch.nn.BatchNorm1d(h))
            layers.append(torch.nn.ReLU())
            before = h
        self.net = torch.nn.Sequential(*layers, torch.nn.Linear(before, workload[2])).train()
        self.optimizer = torch.optim.Adam(self.net.parameters(), 1e-3)
        x, y = data(workload)
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        self.epoch()

    def epoch(self):
        torch, batch = self.torch, self.w[3]
        order = torch.randperm(len(self.x))
        for i in range(0, len(order), batch):
            rows = order[i:i + batch]
            self.optimizer.zero_grad()
            torch.nn.functional.cross_entropy(self.net(self.x[rows]), self.y[rows]).backward()
            self.optimizer.step()

    def rate(self):
        begin, samples = time.perf_counter(), 0
        while time.perf_counter() - begin < self.seconds:
            self.epoch()
            samples += len(self.x)
        return samples / (time.perf_counter() - begin)


class Jax:
    name = "JAX"

    def __init__(self, workload, options):
        import jax, jax.numpy as jnp, numpy as np
        if workload[5]: raise ImportError("written for networks without state")
        self.w, self.seconds, self.np = workload, options.seconds, np
        r, sizes = np.random.default_rng(1), (workload[0], *workload[1], workload[2])
        params = [(jnp.asarray(r.standard_normal((a, b)) * (2 / a) ** 0.5, "float32"), jnp.zeros(b))
                  for a, b in zip(sizes, sizes[1:])]

        def zeros():
            """New buffers each time, since each step gives its own away."""
            return [(jnp.array(a * 0), jnp.array(b * 0)) for a, b in params]

        self.state = (params, zeros(), zeros(), jnp.zeros(()))

        def loss(params, x, y):
            for a, b in params[:-1]: x = jax.nn.relu(x @ a + b)
            scores = jax.nn.log_softmax(x @ params[-1][0] + params[-1][1])
            return -jnp.take_along_axis(scores, y[:, None], 1).mean()

        def step(state, x, y):
            params, m, v, t = state
            g, t, tree = jax.grad(loss)(params, x, y), t + 1, jax.tree_util.tree_map
            m = tree(lambda m, g: 0.9 * m + 0.1 * g, m, g)
            v = tree(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)

            def update(p, m, v):
                mean, square = m / (1 - 0.9 ** t), v / (1 - 0.999 ** t)
                return p - 1e-3 * mean / (jnp.sqrt(square) + 1e-8)

            params = tree(update, params, m, v)
            return params, m, v, t

        self.step = jax.jit(step, donate_argnums=0)
        self.x, self.y = data(workload)
        self.epoch()

    def epoch(self):
        order, batch = self.np.random.permutation(len(self.x)), self.w[3]
        for i in range(0, len(order), batch):
            rows = order[i:i + batch]
            self.state = self.step(self.state, self.x[rows], self.y[rows])
        self.state[0][0][0].block_until_ready()

    rate = Torch.rate


def row(name, w, rounds):
    """A line of the table: what is not there is a dash."""
    peers = ("PyTorch", "JAX")

    def cell(values, form):
        return format(statistics.median(values), form) if values else "–"

    rates = [cell([r[n] for r in rounds if n in r], ",.0f") for n in ("nnc", *peers)]
    share = cell([r["nnc"] * flops(w) / r["peak"] / 1e9 for r in rounds if "peak" in r], ".0%")
    ratio = cell([r["nnc"] / max(r[n] for n in peers if n in r) for r in rounds
                  if any(n in r for n in peers)], ".2f")
    return f"| {name} | {rates[0]} | {share} | {rates[1]} | {rates[2]} | {ratio} |"


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument("workload", nargs="*", help="parts of the names of: " + "; ".join(WORKLOADS))
    a.add_argument("--nnc", default="build/nnc")
    a.add_argument("--peak", default="build/bench/peak",
                   help="the program made from bench/peak.c (make bench)")
    a.add_argument("--rounds", type=int, default=9)
    a.add_argument("--seconds", type=float, default=1.0)
    a.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    o = a.parse_args()
    kinds = [Nnc, Torch, Jax] + ([Peak] if os.access(o.peak, os.X_OK) else [])
    print("| training step | nnc, samples/s | of peak | PyTorch | JAX | nnc to the faster |\n"
          "| --- | --- | --- | --- | --- | --- |", flush=True)
    peaks = []
    for name, w in WORKLOADS.items():
        if o.workload and not any(part in name for part in o.workload):
            continue
        contestants = []
        for kind in kinds:
            try:
                contestants.append(kind(w, o))
            except ImportError:
                pass
        rounds = [{c.name: c.rate() for c in contestants} for _ in range(o.rounds)]
        peaks += [r["peak"] for r in rounds if "peak" in r]
        print(row(name, w, rounds), flush=True)
    if peaks:
        print(f"\nFMA peak of {o.threads} threads: {statistics.median(peaks):.0f} GFLOP/s")


if __name__ == "__main__":
    main()
