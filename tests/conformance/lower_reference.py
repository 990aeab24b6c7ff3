"""Writes lower_reference.h: small networks trained for a few steps in PyTorch (float64), for tests/unit/test_reference.c.

Weights and data follow from formulas that both sides compute, so only the results are stored. Run: python3 lower_reference.py
"""
import math, os
import torch, torch.nn as nn, torch.nn.functional as F

torch.set_default_dtype(torch.float64)
CASES = []
BATCHES = (5, 5, 3)                              # three steps, 13 samples


def seq(*layers):
    return nn.Sequential(__import__("collections").OrderedDict(layers))


class Fn(nn.Module):
    def __init__(self, f): super().__init__(); self.f = f
    def forward(self, x): return self.f(x)


class Net(nn.Module):
    def __init__(self, forward, **modules):
        super().__init__()
        for k, v in modules.items(): setattr(self, k, v)
        self.run = forward
    def forward(self, x): return self.run(self, x)


def case(name, body, net, shape=(4,), classes=3, targets=1, recipe="", declare="", opt=None, loss=None, penalty=None, clip=None, after=None, schedule=None, head=lambda x: x):
    CASES.append((name, body, net, shape, classes, targets, recipe, declare, opt, loss, penalty, clip, after, schedule, head))


def start(name, n):
    j = sum(name.encode()) % 97
    v = [0.6 * math.sin(1 + 1.7 * i + 0.9 * j) for i in range(n)]
    if name.endswith("running_var"): return [1.2 + a for a in v]
    return v


def inputs(n, size):
    return [math.sin(1.1 * i) * 1.5 + math.cos(0.3 * i * i) for i in range(n * size)]


def run(c):
    name, body, make, shape, classes, targets, recipe, declare, opt, loss, penalty, clip, after, schedule, head = c
    net = make().train()
    state = net.state_dict()
    for k, v in state.items():
        if "num_batches" not in k: v.copy_(torch.tensor(start(k, v.numel())).reshape(v.shape))
    n, size = sum(BATCHES), math.prod(shape)
    x = torch.tensor(inputs(n, size)).reshape(n, *shape)
    y = torch.tensor([(7 * i + i // 3) % classes for i in range(n)]) if classes else torch.tensor([math.cos(0.9 * i) * 2 for i in range(n * targets)]).reshape(n, targets)
    loss = loss or (F.cross_entropy if classes else F.mse_loss)
    o = (opt or (lambda m: torch.optim.SGD(m.parameters(), 0.1)))(net)
    s = schedule(o) if schedule else None
    losses, at = [], 0
    for step, b in enumerate(BATCHES):
        o.zero_grad()
        value = loss(net(x[at:at + b]), y[at:at + b])
        losses.append(value.item() * b)
        (value + penalty(net) if penalty else value).backward()
        if clip: clip(net)
        o.step()
        if s and step < len(BATCHES) - 1: s.step()
        if after: after(net)
        at += b
    weights = [(k, v.flatten().tolist()) for k, v in net.state_dict().items() if "num_batches" not in k]
    net.eval()
    with torch.no_grad(): out = head(net(x[:5])).flatten().tolist()
    return losses, weights, out


mlp = lambda out=3: lambda: seq(("dense1", nn.Linear(4, 5)), ("t", nn.Tanh()), ("dense2", nn.Linear(5, out)))
MLP = "dense(5) -> tanh -> dense(%d)"
optim = lambda name, **kw: lambda m: getattr(torch.optim, name)(m.parameters(), **kw)
kernels = lambda m: [p for p in m.parameters() if p.ndim > 1]
squares = lambda ps: sum((p ** 2).sum() for p in ps)


def written(update, **defaults):
    def make(m):
        class Written(torch.optim.Optimizer):
            def step(self):
                for p in self.param_groups[0]["params"]:
                    s = self.state[p]
                    s["t"] = s.get("t", 0) + 1
                    with torch.no_grad(): update(p, p.grad, s, s["t"])
        return Written(m.parameters(), defaults)
    return make


def lion(w, g, s, t):
    m = s.get("m", 0 * w)
    w -= 0.02 * (0.9 * m + 0.1 * g).sign()
    s["m"] = 0.99 * m + 0.01 * g


def lamb(w, g, s, t):
    s["m"] = 0.9 * s.get("m", 0 * w) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0 * w) + 0.001 * g * g
    r = s["m"] / (1 - 0.9 ** t) / ((s["v"] / (1 - 0.999 ** t)).sqrt() + 1e-6) + 0.1 * w
    w -= 0.02 * w.norm() / r.norm() * r


def lars(w, g, s, t):
    s["m"] = 0.9 * s.get("m", 0 * w) + 0.5 * 0.01 * w.norm() / (g.norm() + 0.1 * w.norm()) * (g + 0.1 * w)
    w -= s["m"]


for spec, o in {
    "sgd(lr = 0.1)": optim("SGD", lr=0.1), "sgd(lr = 0.05, momentum = 0.9)": optim("SGD", lr=0.05, momentum=0.9),
    "sgd(lr = 0.05, momentum = 0.9, nesterov = true)": optim("SGD", lr=0.05, momentum=0.9, nesterov=True),
    "adagrad(lr = 0.05)": optim("Adagrad", lr=0.05), "adadelta(lr = 1, rho = 0.9)": optim("Adadelta", lr=1.0, rho=0.9, eps=1e-6),
    "rmsprop(lr = 0.01)": optim("RMSprop", lr=0.01, alpha=0.9), "rmsprop(lr = 0.01, rho = 0.95, momentum = 0.5, centered = true)": optim("RMSprop", lr=0.01, alpha=0.95, momentum=0.5, centered=True),
    "adam(lr = 0.01)": optim("Adam", lr=0.01), "adamw(lr = 0.01, weight_decay = 0.1)": optim("AdamW", lr=0.01, weight_decay=0.1),
    "nadam(lr = 0.01)": optim("NAdam", lr=0.01, momentum_decay=4e-3), "adamax(lr = 0.01)": optim("Adamax", lr=0.01),
    "radam(lr = 0.01)": optim("RAdam", lr=0.01), "radam(lr = 0.01, beta2 = 0.5)": optim("RAdam", lr=0.01, betas=(0.9, 0.5)), "amsgrad(lr = 0.01)": optim("Adam", lr=0.01, amsgrad=True),
    "lion(lr = 0.02)": written(lion, lr=0.02), "lamb(lr = 0.02, weight_decay = 0.1)": written(lamb, lr=0.02),
    "lars(lr = 0.5, weight_decay = 0.1, trust = 0.01)": written(lars, lr=0.5),
}.items():
    case("optimizer " + spec, MLP % 3, mlp(), recipe="optimizer = " + spec, opt=o)

for spec, f in {
    "linear": lambda x: x, "logistic": torch.sigmoid, "relu": F.relu, "leaky_relu(slope = 0.2)": lambda x: F.leaky_relu(x, 0.2), "elu(alpha = 0.5)": lambda x: F.elu(x, 0.5), "selu": F.selu,
    "gelu": F.gelu, "silu": F.silu, "softplus": F.softplus, "mish": F.mish, "hard_swish": F.hardswish, "softmax": lambda x: F.softmax(x, -1), "sin": torch.sin,
}.items():
    case("activation " + spec, f"dense(5) -> {spec} -> dense(3)", lambda f=f: seq(("dense1", nn.Linear(4, 5)), ("a", Fn(f)), ("dense2", nn.Linear(5, 3))))
case("prelu", "dense(5) -> prelu -> dense(3)", lambda: seq(("dense1", nn.Linear(4, 5)), ("prelu1", nn.PReLU()), ("dense2", nn.Linear(5, 3))))
case("fn of the script", "dense(5) -> odd -> dense(3)", lambda: seq(("dense1", nn.Linear(4, 5)), ("a", Fn(lambda x: torch.where(x > 0, x ** 2 / (1 + x ** 2), torch.sin(x)))), ("dense2", nn.Linear(5, 3))),
     declare="fn soft(x) = x^2 / (1 + x^2)\nfn odd(x) = x > 0 ? soft(x) : sin(x)")
case("batchnorm", "dense(5, bias = false) -> batchnorm -> relu -> dense(3)", lambda: seq(("dense1", nn.Linear(4, 5, bias=False)), ("batchnorm1", nn.BatchNorm1d(5)), ("r", nn.ReLU()), ("dense2", nn.Linear(5, 3))))
case("batchnorm cancels a bias", "dense(5) -> batchnorm -> relu -> dense(3)", lambda: seq(("dense1", nn.Linear(4, 5, bias=False)), ("batchnorm1", nn.BatchNorm1d(5)), ("r", nn.ReLU()), ("dense2", nn.Linear(5, 3))))
case("batchnorm behind an activation", "dense(5) -> relu -> batchnorm(momentum = 0.7, eps = 1e-3) -> dense(3)",
     lambda: seq(("dense1", nn.Linear(4, 5)), ("r", nn.ReLU()), ("batchnorm1", nn.BatchNorm1d(5, eps=1e-3, momentum=0.3)), ("dense2", nn.Linear(5, 3))))
case("batchnorm without affine", "dense(5) -> relu -> batchnorm(affine = false) -> dense(3)", lambda: seq(("dense1", nn.Linear(4, 5)), ("r", nn.ReLU()), ("batchnorm1", nn.BatchNorm1d(5, affine=False)), ("dense2", nn.Linear(5, 3))))
case("batchnorm of sequences", "dense(5) -> tanh -> batchnorm -> flatten -> dense(3)", shape=(3, 4),
     net=lambda: Net(lambda s, x: s.dense2(s.batchnorm1(torch.tanh(s.dense1(x)).transpose(1, 2)).transpose(1, 2).flatten(1)), dense1=nn.Linear(4, 5), batchnorm1=nn.BatchNorm1d(5), dense2=nn.Linear(15, 3)))
case("layernorm", "dense(5) -> layernorm -> tanh -> dense(3)", lambda: seq(("dense1", nn.Linear(4, 5)), ("layernorm1", nn.LayerNorm(5)), ("t", nn.Tanh()), ("dense2", nn.Linear(5, 3))))
case("layernorm of sequences", "dense(5) -> layernorm -> flatten -> dense(3)", lambda: seq(("dense1", nn.Linear(4, 5)), ("layernorm1", nn.LayerNorm(5)), ("f", nn.Flatten()), ("dense2", nn.Linear(15, 3))), shape=(3, 4))
case("rmsnorm", "dense(5) -> rmsnorm -> tanh -> dense(3)", lambda: seq(("dense1", nn.Linear(4, 5)), ("rmsnorm1", nn.RMSNorm(5, eps=1e-5)), ("t", nn.Tanh()), ("dense2", nn.Linear(5, 3))))
case("add", "h = dense(5) -> tanh\n    h -> dense(5) -> tanh -> add(h) -> dense(3)",
     lambda: Net(lambda s, x: (lambda h: s.dense3(torch.tanh(s.dense2(h)) + h))(torch.tanh(s.dense1(x))), dense1=nn.Linear(4, 5), dense2=nn.Linear(5, 5), dense3=nn.Linear(5, 3)))
case("concat", "h = dense(2) -> tanh\n    dense(3) -> tanh -> concat(h) -> dense(3)",
     lambda: Net(lambda s, x: s.dense3(torch.cat([torch.tanh(s.dense2(x)), torch.tanh(s.dense1(x))], 1)), dense1=nn.Linear(4, 2), dense2=nn.Linear(4, 3), dense3=nn.Linear(5, 3)))
case("multiply", "g = dense(5) -> sigmoid\n    dense(5) -> multiply(g) -> dense(3)",
     lambda: Net(lambda s, x: s.dense3(s.dense2(x) * torch.sigmoid(s.dense1(x))), dense1=nn.Linear(4, 5), dense2=nn.Linear(4, 5), dense3=nn.Linear(5, 3)))
case("reshape", "dense(6) -> reshape(2x3) -> dense(2) -> flatten -> dense(3)",
     lambda: seq(("dense1", nn.Linear(4, 6)), ("v", Fn(lambda x: x.view(-1, 2, 3))), ("dense2", nn.Linear(3, 2)), ("f", nn.Flatten()), ("dense3", nn.Linear(4, 3))))
case("shared layer", "layer enc = dense(4)\n    enc -> tanh -> enc -> tanh -> dense(3)", lambda: Net(lambda s, x: s.dense1(torch.tanh(s.enc(torch.tanh(s.enc(x))))), enc=nn.Linear(4, 4), dense1=nn.Linear(4, 3)))
case("learned scalar", "weight scale = ones\n    dense(5) -> tanh -> multiply(scale) -> dense(3)",
     lambda: Net(lambda s, x: s.dense2(torch.tanh(s.dense1(x)) * s.scale), dense1=nn.Linear(4, 5), dense2=nn.Linear(5, 3), scale=nn.Parameter(torch.tensor(1.0))))


class Two(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.down = i != o
        if self.down: self.dense1 = nn.Linear(i, o, bias=False)
        setattr(self, "dense2" if self.down else "dense1", nn.Linear(i, o))
    def forward(self, x):
        return torch.tanh((self.dense2 if self.down else self.dense1)(x)) + (self.dense1(x) if self.down else x)


case("blocks in a repeat", "repeat i in 1..2 { residual(3 * i) }\n    residual(6)\n    dense(3)", lambda: seq(("residual1", Two(4, 3)), ("residual2", Two(3, 6)), ("residual3", Two(6, 6)), ("dense1", nn.Linear(6, 3))),
     declare="block residual(n) {\n    shortcut = in\n    if in.features != n { shortcut = in -> dense(n, bias = false) }\n    in -> dense(n) -> tanh -> add(shortcut)\n}")
case("a loss of every position", "dense(5) -> tanh -> flatten -> dense(3)", lambda: seq(("dense1", nn.Linear(4, 5)), ("t", nn.Tanh()), ("f", nn.Flatten()), ("dense2", nn.Linear(15, 3))), shape=(3, 4))

case("cross entropy over softmax", MLP % 3 + " -> softmax", mlp(), recipe="loss = cross_entropy", head=lambda x: F.softmax(x, -1))
case("label smoothing", MLP % 3, mlp(), recipe="loss = cross_entropy(label_smoothing = 0.1)", loss=lambda p, y: F.cross_entropy(p, y, label_smoothing=0.1))
case("more outputs than classes", MLP % 4, mlp(4))
case("binary cross entropy", MLP % 1, mlp(1), classes=2, loss=lambda p, y: F.binary_cross_entropy_with_logits(p.squeeze(-1), y.double()))
case("binary cross entropy over sigmoid", MLP % 1 + " -> sigmoid", mlp(1), classes=2, head=torch.sigmoid, recipe="loss = binary_cross_entropy", loss=lambda p, y: F.binary_cross_entropy_with_logits(p.squeeze(-1), y.double()))
case("hinge", MLP % 3, mlp(), recipe="loss = hinge", loss=F.multi_margin_loss)
case("mse", MLP % 2, mlp(2), classes=0, targets=2)
case("mae", MLP % 2, mlp(2), classes=0, targets=2, recipe="loss = mae", loss=F.l1_loss)
case("huber", MLP % 2, mlp(2), classes=0, targets=2, recipe="loss = huber(delta = 0.5)", loss=lambda p, y: F.huber_loss(p, y, delta=0.5))
case("fn as a loss", MLP % 2, mlp(2), classes=0, targets=2, recipe="loss = logcosh()", declare="fn logcosh(y, t, k = 2) = ln((exp(k * (y - t)) + exp(-k * (y - t))) / 2) / k",
     loss=lambda p, y: (torch.log(torch.cosh(2 * (p - y))) / 2).mean())

case("l1 and l2", MLP % 3, mlp(), recipe="penalty = [l1(0.01), l2(0.02)]", penalty=lambda m: 0.01 * sum(p.abs().sum() for p in kernels(m)) + 0.01 * squares(kernels(m)))
case("l2 on all", MLP % 3, mlp(), recipe="penalty = l2(0.05, on = all)", penalty=lambda m: 0.025 * squares(m.parameters()))
case("penalties of layers", "dense(5, l2 = 0.1) -> tanh -> dense(3, l1 = 0.02)", mlp(), penalty=lambda m: 0.05 * squares([m.dense1.weight]) + 0.02 * m.dense2.weight.abs().sum())
case("weight decay", MLP % 3, mlp(), recipe="optimizer = adam(lr = 0.02)\n    weight_decay = 0.2",
     opt=lambda m: torch.optim.AdamW([{"params": kernels(m), "weight_decay": 0.2}, {"params": [p for p in m.parameters() if p.ndim == 1], "weight_decay": 0.0}], lr=0.02))
case("clip by norm", MLP % 3, mlp(), recipe="clip = norm(0.1)", clip=lambda m: nn.utils.clip_grad_norm_(m.parameters(), 0.1))
case("clip a tensor", MLP % 3, mlp(), recipe="clip = norm(0.05, per = tensor)", clip=lambda m: [nn.utils.clip_grad_norm_([p], 0.05) for p in m.parameters()])
case("clip by value", MLP % 3, mlp(), recipe="clip = value(0.01)", clip=lambda m: nn.utils.clip_grad_value_(m.parameters(), 0.01))


def limit(m):
    with torch.no_grad():
        for p in kernels(m): p *= (0.6 / p.norm(dim=1, keepdim=True)).clamp(max=1)


case("max norm", MLP % 3, mlp(), recipe="constraint = max_norm(0.6)", after=limit)
case("max norm of a layer", "dense(5, max_norm = 0.6) -> tanh -> dense(3)", mlp(), after=lambda m: limit(m.dense1))
case("one cycle", MLP % 3, mlp(), recipe="optimizer = sgd(lr = 0.1, momentum = 0.9)\n    schedule = one_cycle()", opt=optim("SGD", lr=0.1, momentum=0.9),
     schedule=lambda o: torch.optim.lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=3))
case("one cycle of adam", MLP % 3, mlp(), recipe="optimizer = adam(lr = 0.1)\n    schedule = one_cycle(warmup = 60%, div = 10, final_div = 100, momentum = [0.7, 0.9], anneal = linear)", opt=optim("Adam", lr=0.1),
     schedule=lambda o: torch.optim.lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=3, pct_start=0.6, div_factor=10, final_div_factor=100, base_momentum=0.7, max_momentum=0.9, anneal_strategy="linear"))
case("cyclic", MLP % 3, mlp(), recipe="optimizer = sgd(lr = 0.1)\n    schedule = cyclic(low = 0.02, half = 2, mode = triangular2)",
     schedule=lambda o: torch.optim.lr_scheduler.CyclicLR(o, 0.02, 0.1, step_size_up=2, mode="triangular2", cycle_momentum=False))


def by_step(f): return lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda s: f(0.1, s, 3) / 0.1)


for spec, f in {
    "power(over = 4, c = 2)": lambda b, s, n: b / (1 + s / 4) ** 2, "exponential(over = 5)": lambda b, s, n: b * 0.1 ** (s / 5),
    "piecewise(epochs = [1, 2], values = [0.2, 0.1, 0.02])": lambda b, s, n: (0.2, 0.1, 0.02)[s], "step(every = 2, gamma = 0.3)": lambda b, s, n: b * 0.3 ** (s // 2),
    "cosine(min = 0.01)": lambda b, s, n: 0.01 + (b - 0.01) * (1 + math.cos(math.pi * s / n)) / 2, "polynomial(power = 2, end = 0.02)": lambda b, s, n: (b - 0.02) * (1 - s / n) ** 2 + 0.02,
    "warmup(steps = 2, then = exponential(over = 6))": lambda b, s, n: b * (s + 1) / 2 if s < 2 else b * 0.1 ** ((s - 2) / 6),
    "warmup(epochs = 1, then = cosine())": lambda b, s, n: b * (s + 1) if s < 1 else b * (1 + math.cos(math.pi * (s - 1) / (n - 1))) / 2,
}.items():
    case("schedule " + spec, MLP % 3, mlp(), recipe="optimizer = sgd(lr = 0.1)\n    schedule = " + spec, schedule=by_step(f))

quote = lambda s: '"' + s.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
numbers = lambda v: ", ".join("%.9g" % a for a in v)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "lower_reference.h"), "w") as f:
    f.write("/* lower_reference.h: written by lower_reference.py; do not edit. Each step is an epoch of its own (epoch = step). */\n")
    names = []
    for i, c in enumerate(CASES):
        losses, weights, out = run(c)
        shape = c[3]
        f.write(f"static const double reference{i}[] = {{ {numbers([a for _, v in weights for a in v])} }};\n")
        f.write(f"static const double reference_out{i}[] = {{ {numbers(out)} }};\n")
        names.append(f"    {{ {quote(c[0])}, {quote(c[1])}, {quote(c[6])}, {quote(c[7])}, {len(shape)}, {{ {', '.join(map(str, shape))} }}, {c[4]}, {c[5]}, {{ {numbers(losses)} }},\n"
                     f"      {quote(' '.join(k for k, _ in weights))}, reference{i}, {sum(len(v) for _, v in weights)}, reference_out{i}, {len(out)} }},\n")
    f.write("typedef struct ReferenceCase { const char *name, *body, *recipe, *declare; int rank; int64_t shape[3]; int classes, targets; double losses[3]; const char *weights; const double *values; size_t count;"
            " const double *out; size_t out_count; } ReferenceCase;\nstatic const ReferenceCase reference_cases[] = {\n" + "".join(names) + "};\n")
