"""Writes vectors.json: cos and sin of rotary positions under every scaling, computed in fp64.

python3 make.py > vectors.json

After huggingface/transformers, src/transformers/modeling_rope_utils.py: inverse frequencies and attention factor of
default, linear, llama3, yarn and longrope. Needs nothing but Python. EdgeAgent's code takes no part.
"""
import json
import math

HEAD = 32
POSITIONS = [0, 1, 7, 60, 119]
CONTEXT = 128


def default(config):
    base = config["rope_theta"]
    dim = int(HEAD * config.get("partial_rotary_factor", 1))
    return [base ** (-i / dim) for i in range(0, dim, 2)]


def linear(config, scaling):
    return [f / scaling["factor"] for f in default(config)], 1.0


def llama3(config, scaling):
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    old, factor = scaling["original_max_position_embeddings"], scaling["factor"]
    result = []
    for f in default(config):
        wave = 2 * math.pi / f
        if wave > old / low:
            f = f / factor
        elif wave >= old / high:
            smooth = (old / wave - low) / (high - low)
            f = (1 - smooth) * f / factor + smooth * f
        result.append(f)
    return result, 1.0


def yarn(config, scaling):
    base, factor, dim = config["rope_theta"], scaling["factor"], HEAD
    old = scaling["original_max_position_embeddings"]

    def dimension(rotations):
        return dim * math.log(old / (rotations * 2 * math.pi)) / (2 * math.log(base))

    low = max(math.floor(dimension(scaling.get("beta_fast", 32))), 0)
    high = min(math.ceil(dimension(scaling.get("beta_slow", 1))), dim - 1)
    high += 0.001 if low == high else 0
    result = []
    for i, f in enumerate(default(config)):
        ramp = min(max((i - low) / (high - low), 0), 1)
        result.append(f / factor * ramp + f * (1 - ramp))
    return result, scaling.get("attention_factor", 0.1 * math.log(factor) + 1)


def longrope(config, scaling, length):
    old = config["original_max_position_embeddings"]
    factors = scaling["long_factor"] if length > old else scaling["short_factor"]
    factor = CONTEXT / old
    amplitude = 1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(old))
    return [f / d for f, d in zip(default(config), factors)], amplitude


def case(name, family, config, length=CONTEXT):
    scaling = config.get("rope_scaling")
    kind = scaling.get("rope_type", scaling.get("type")) if scaling else "default"
    frequencies, amplitude = (
        (default(config), 1.0) if kind == "default"
        else longrope(config, scaling, length) if kind in ("longrope", "su")
        else {"linear": linear, "llama3": llama3, "yarn": yarn}[kind](config, scaling))
    table = lambda turn: [[round(turn(p * f) * amplitude, 7) for f in frequencies] for p in POSITIONS if p < length]
    return {"name": name, "family": family, "config": config, "context": length,
            "cos": table(math.cos), "sin": table(math.sin)}


SHORT = [1, 1, 1, 1.1, 1.1, 1.1, 1.2, 1.2]
LONG = [1, 1.5, 2, 3, 4, 6, 10, 16]
PHI = {"rope_theta": 10000.0, "partial_rotary_factor": 0.5, "original_max_position_embeddings": 64,
       "rope_scaling": {"type": "longrope", "short_factor": SHORT, "long_factor": LONG}}

print(json.dumps({"head": HEAD, "positions": POSITIONS, "context": CONTEXT, "cases": [
    case("default", "llama", {"rope_theta": 500000.0}),
    case("linear", "llama", {"rope_theta": 10000.0, "rope_scaling": {"type": "linear", "factor": 4.0}}),
    case("llama3", "llama", {"rope_theta": 500000.0, "rope_scaling": {
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64}}),
    case("yarn", "qwen2", {"rope_theta": 1000000.0, "rope_scaling": {
        "type": "yarn", "factor": 4.0, "original_max_position_embeddings": 4096}}),
    case("yarn with its own numbers", "qwen2", {"rope_theta": 10000.0, "rope_scaling": {
        "rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 64, "beta_fast": 8, "beta_slow": 2,
        "attention_factor": 1.25}}),
    case("longrope, short", "phi3", PHI, 64),
    case("longrope, long", "phi3", PHI, 65),
]}, indent=None, separators=(",", ":")))
