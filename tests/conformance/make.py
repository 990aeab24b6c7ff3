#!/usr/bin/env python3
"""Writes the scripts of this folder: trainings whose losses were computed by PyTorch in float64.

    tests/conformance/make.py        (needs torch and NumPy; `make check` needs neither)

Each case is one line of CASES: the recipe in the language and the same in PyTorch. A script loads the weights that PyTorch
started from, trains without shuffling, and asserts the loss of every epoch and of the evaluation behind them.
"""
import copy, json, math, os, struct
import numpy as np, torch
import torch.nn.functional as F

here = os.path.dirname(os.path.abspath(__file__))
EPOCHS, BATCH, ROWS = 3, 10, 48
STEPS = EPOCHS * -(-ROWS // BATCH)


def write_safetensors(path, state):
    header, body = {}, b""
    for name, value in state.items():
        raw = value.detach().numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)


class Net(torch.nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.dense1, self.dense2 = torch.nn.Linear(4, 5), torch.nn.Linear(5, outputs)

    def forward(self, x):
        return self.dense2(torch.tanh(self.dense1(x)))


def kernels(net):
    return [p for n, p in net.named_parameters() if n.endswith("weight")]


def sgd(lr, **k): return lambda p: torch.optim.SGD(p, lr, **k)
def optim(name, **k): return lambda p: getattr(torch.optim, name)(p, **k)
def each(f): return lambda o: torch.optim.lr_scheduler.LambdaLR(o, f)


def max_norm(c):
    def after(net):
        for w in kernels(net):
            n = w.data.norm(dim=1, keepdim=True)
            w.data *= torch.where(n > c, c / n, torch.ones_like(n))
    return after


def decay(k, lr):
    def before(net):
        for w in kernels(net): w.data *= 1 - lr * k
    return before


class_loss = F.cross_entropy
WEIGHTS = torch.tensor([0.5, 2.0, 3.0]).double()
BALANCED = torch.zeros(3).double()      # filled in by main
REALS, FLAGS = ("mse", "mae", "huber", "quantile"), ("positive_weight", "binary_smoothing")
OWN_LOSS = ("label_smoothing", "hinge", "mae", "huber", "quantile", "class_weights", "class_weights_smoothed", "class_weights_balanced") + FLAGS
# name: recipe in the language, then what differs from plain SGD in PyTorch
CASES = {
    "sgd": ("optimizer = sgd(lr = 0.1)", {}),
    "sgd_momentum": ("optimizer = sgd(lr = 0.1, momentum = 0.9)", dict(opt=sgd(0.1, momentum=0.9))),
    "sgd_nesterov": ("optimizer = sgd(lr = 0.1, momentum = 0.9, nesterov = true)", dict(opt=sgd(0.1, momentum=0.9, nesterov=True))),
    "adagrad": ("optimizer = adagrad(lr = 0.05)", dict(opt=optim("Adagrad", lr=0.05))),
    "adadelta": ("optimizer = adadelta(lr = 1)", dict(opt=optim("Adadelta", lr=1.0))),
    "rmsprop": ("optimizer = rmsprop(lr = 0.01, rho = 0.9)", dict(opt=optim("RMSprop", lr=0.01, alpha=0.9, eps=1e-8))),
    "rmsprop_centered": ("optimizer = rmsprop(lr = 0.01, rho = 0.9, momentum = 0.5, centered = true)",
                         dict(opt=optim("RMSprop", lr=0.01, alpha=0.9, eps=1e-8, momentum=0.5, centered=True))),
    "adam": ("optimizer = adam(lr = 0.02)", dict(opt=optim("Adam", lr=0.02))),
    "adamw": ("optimizer = adamw(lr = 0.02, weight_decay = 0.1)", dict(opt=optim("AdamW", lr=0.02, weight_decay=0.1))),
    "nadam": ("optimizer = nadam(lr = 0.02)", dict(opt=optim("NAdam", lr=0.02))),
    "adamax": ("optimizer = adamax(lr = 0.02)", dict(opt=optim("Adamax", lr=0.02))),
    "radam": ("optimizer = radam(lr = 0.02)", dict(opt=optim("RAdam", lr=0.02))),
    "amsgrad": ("optimizer = amsgrad(lr = 0.02)", dict(opt=optim("Adam", lr=0.02, amsgrad=True))),
    "label_smoothing": ("optimizer = sgd(lr = 0.1)\n    loss = cross_entropy(label_smoothing = 0.1)",
                        dict(loss=lambda a, b: F.cross_entropy(a, b, label_smoothing=0.1))),
    "class_weights": ("optimizer = sgd(lr = 0.1)\n    loss = cross_entropy(weights = [0.5, 2, 3])",
                      dict(loss=lambda a, b: F.cross_entropy(a, b, WEIGHTS), weight=lambda b: WEIGHTS[b].sum().item())),
    "class_weights_smoothed": ("optimizer = sgd(lr = 0.1)\n    loss = cross_entropy(label_smoothing = 0.2, weights = [0.5, 2, 3])",
                               dict(loss=lambda a, b: F.cross_entropy(a, b, WEIGHTS, label_smoothing=0.2), weight=lambda b: WEIGHTS[b].sum().item())),
    "class_weights_balanced": ("optimizer = adam(lr = 0.02)\n    loss = cross_entropy(weights = balanced)",
                               dict(opt=optim("Adam", lr=0.02), loss=lambda a, b: F.cross_entropy(a, b, BALANCED), weight=lambda b: BALANCED[b].sum().item())),
    "positive_weight": ("optimizer = sgd(lr = 0.1)\n    loss = binary_cross_entropy(positive_weight = 3.5)",
                        dict(loss=lambda a, b: F.binary_cross_entropy_with_logits(a, b, pos_weight=torch.tensor([3.5])))),
    "binary_smoothing": ("optimizer = sgd(lr = 0.1)\n    loss = binary_cross_entropy(label_smoothing = 0.2, positive_weight = 2)",
                         dict(loss=lambda a, b: F.binary_cross_entropy_with_logits(a, 0.8 * b + 0.1, pos_weight=torch.tensor([2.0])))),
    "quantile": ("optimizer = sgd(lr = 0.05)\n    loss = quantile(0.9)",
                 dict(opt=sgd(0.05), loss=lambda a, b: torch.maximum(0.9 * (b - a), -0.1 * (b - a)).mean())),
    "hinge": ("optimizer = sgd(lr = 0.1)\n    loss = hinge", dict(loss=F.multi_margin_loss)),
    "mse": ("optimizer = sgd(lr = 0.05)", dict(opt=sgd(0.05), loss=F.mse_loss)),
    "mae": ("optimizer = sgd(lr = 0.05)\n    loss = mae", dict(opt=sgd(0.05), loss=F.l1_loss)),
    "huber": ("optimizer = sgd(lr = 0.05)\n    loss = huber(delta = 0.7)", dict(opt=sgd(0.05), loss=lambda a, b: F.huber_loss(a, b, delta=0.7))),
    "l2": ("optimizer = sgd(lr = 0.1)\n    penalty = l2(0.2)", dict(penalty=lambda n: sum(0.1 * (w ** 2).sum() for w in kernels(n)))),
    "l1": ("optimizer = sgd(lr = 0.1)\n    penalty = l1(0.02)", dict(penalty=lambda n: sum(0.02 * w.abs().sum() for w in kernels(n)))),
    "weight_decay": ("optimizer = sgd(lr = 0.1)\n    weight_decay = 0.3", dict(before=decay(0.3, 0.1))),
    "max_norm": ("optimizer = sgd(lr = 0.1)\n    constraint = max_norm(0.5)", dict(after=max_norm(0.5))),
    "clip_norm": ("optimizer = sgd(lr = 0.5)\n    clip = norm(0.2)", dict(opt=sgd(0.5), clip=lambda n: torch.nn.utils.clip_grad_norm_(n.parameters(), 0.2))),
    "clip_value": ("optimizer = sgd(lr = 0.5)\n    clip = value(0.02)", dict(opt=sgd(0.5), clip=lambda n: torch.nn.utils.clip_grad_value_(n.parameters(), 0.02))),
    "one_cycle": ("optimizer = sgd(lr = 0.3, momentum = 0.9)\n    schedule = one_cycle()",
                  dict(opt=sgd(0.3, momentum=0.9), schedule=lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.3, total_steps=STEPS))),
    "cosine": ("optimizer = sgd(lr = 0.3)\n    schedule = cosine(min = 0.01)",
               dict(opt=sgd(0.3), schedule=each(lambda s: (0.01 + (0.3 - 0.01) * (1 + math.cos(math.pi * s / STEPS)) / 2) / 0.3))),
    "polynomial": ("optimizer = sgd(lr = 0.3)\n    schedule = polynomial(power = 2, end = 0.03)",
                   dict(opt=sgd(0.3), schedule=each(lambda s: (0.03 + (0.3 - 0.03) * (1 - s / STEPS) ** 2) / 0.3))),
    "cyclic": ("optimizer = sgd(lr = 0.3)\n    schedule = cyclic(low = 0.02, half = 4)",
               dict(opt=sgd(0.3), schedule=lambda o: torch.optim.lr_scheduler.CyclicLR(o, 0.02, 0.3, step_size_up=4, cycle_momentum=False))),
    "warmup": ("optimizer = sgd(lr = 0.3)\n    schedule = warmup(steps = 5, then = exponential(over = 10))",
               dict(opt=sgd(0.3), schedule=each(lambda s: (s + 1) / 5 if s < 5 else 0.1 ** ((s - 5) / 10)))),
}


def train(net, x, y, opt=sgd(0.1), loss=class_loss, schedule=None, penalty=None, clip=None, before=None, after=None, weight=len):
    optimizer = opt(net.parameters())
    scheduler, losses = schedule(optimizer) if schedule else None, []
    for _ in range(EPOCHS):
        total = count = 0.0
        for i in range(0, len(x), BATCH):
            a, b = x[i:i + BATCH], y[i:i + BATCH]
            optimizer.zero_grad()
            value = loss(net(a), b)
            total += value.item() * weight(b)
            count += weight(b)
            (value + penalty(net) if penalty else value).backward()
            if clip: clip(net)
            if before: before(net)
            optimizer.step()
            if scheduler: scheduler.step()
            if after: after(net)
        losses.append(total / count)
    return losses, loss(net(x), y).item()


def main():
    os.makedirs(here + "/files", exist_ok=True)
    r = np.random.default_rng(5)
    x = r.standard_normal((ROWS, 4)).round(3)
    scores = x @ r.standard_normal((4, 3)) + 0.3 * r.standard_normal((ROWS, 3))
    labels, reals = scores.argmax(1), (np.sin(scores[:, 0]) + 0.1).round(3)
    flags = (labels == 1).astype(int)
    BALANCED.copy_(torch.from_numpy(len(labels) / (3 * np.bincount(labels))))
    for name, column in (("classes", labels), ("reals", reals), ("flags", flags)):
        with open(f"{here}/files/{name}.csv", "w") as f:
            f.write("a,b,c,d,y\n" + "".join(",".join(f"{v:.3f}" for v in row) + (f",{t}\n" if name != "reals" else f",{t:.3f}\n") for row, t in zip(x, column)))
    torch.manual_seed(2)
    nets = {"classes": Net(3), "reals": Net(1), "flags": Net(1)}
    for name, net in nets.items():
        write_safetensors(f"{here}/files/{name}.safetensors", net.state_dict())
    for name, (recipe, how) in CASES.items():
        task = "reals" if name in REALS else "flags" if name in FLAGS else "classes"
        column = {"classes": labels, "reals": reals, "flags": flags}[task]
        y = torch.from_numpy(column) if task == "classes" else torch.from_numpy(column).double()[:, None]
        losses, final = train(copy.deepcopy(nets[task]).double(), torch.from_numpy(x).double(), y, **how)
        asserts = "".join(f'assert abs(run.history[{i}].train.loss - {v:.7g}) < 2e-5, "epoch {i + 1}"\n' for i, v in enumerate(losses))
        with open(f"{here}/{name}.nn", "w") as f:
            f.write(f"""# {name}.nn: made by make.py; the numbers are PyTorch's, in float64
data d {{
    source = csv("{task}.csv", target = "y")
    shuffle = false
}}
model m {{ input(4) -> dense(5) -> tanh -> dense({'classes' if task == 'classes' else 1}) }}
recipe r {{
    epochs = {EPOCHS}
    batch = {BATCH}
    {recipe}
}}
load m from "{task}.safetensors"
train m on d with r as run
evaluate m on d.train as result
{asserts}""")
            if name not in OWN_LOSS:
                f.write(f'assert abs(result.loss - {final:.7g}) < 2e-5, "after training"\n')


if __name__ == "__main__":
    main()
