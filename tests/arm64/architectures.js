// Runs imported packages with ONNX Runtime's arm64 build and compares their logits with given ones.
//   arm64-node architectures.js CASES.json
// CASES.json: [{name, package, tokens, expected: [[position, [logits]]...], tolerance}]. Tokens go in as a chunk of all
// but the last, then the last alone, so that both kinds of step run. One line for each case with the deviation, as the
// root of the mean square of the differences relative to that of the expected logits; the last line is
// "N of N packages agree". Exit code 0 exactly when all do. No code of the agent takes part.
'use strict';
const fs = require('fs');
const path = require('path');
const ort = require('onnxruntime-node');

const cases = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const positions = 64;

const int32 = (values, shape) => new ort.Tensor('int32', Int32Array.from(values), shape);
const int64 = (values, shape) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), shape);

// cos and sin of position p and pair i: p / base^(2i / dimensions) / divisor(i), times the amplitude.
function rotary(table, f) {
  const half = table.dimensions / 2;
  const divisors = table.long_beyond < positions ? table.long_frequency_divisors : table.frequency_divisors;
  const values = new Float32Array(positions * half);
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < half; i++) {
      const angle = p / Math.pow(table.base, (2 * i) / table.dimensions) / (divisors ? divisors[i] : 1);
      values[p * half + i] = f(angle) * (table.amplitude || 1);
    }
  }
  return new ort.Tensor('float32', values, [positions, half]);
}

function fixedInputs(manifest) {
  const inputs = { head_ids: new ort.Tensor('int64', new BigInt64Array(0), [0]) };
  for (const table of manifest.architecture.rotary) {
    inputs[table.cos_input] = rotary(table, Math.cos);
    inputs[table.sin_input] = rotary(table, Math.sin);
  }
  return inputs;
}

function emptyCache(manifest) {
  const cache = {};
  manifest.kv.layers.forEach((layer, n) => {
    for (const part of ['key', 'value']) {
      const shape = [1, layer.heads, positions, layer.dimensions];
      cache[`past.${n}.${part}`] = new ort.Tensor('float32', new Float32Array(shape.reduce((a, b) => a * b)), shape);
    }
  });
  return cache;
}

// Takes tokens in at the end of the past; returns the logits after each of them and the cache with them.
async function step(session, fixed, tokens, past, cache) {
  const total = past + tokens.length;
  const result = await session.run({
    input_ids: int64(tokens, [1, tokens.length]),
    seqlens_k: int32([total - 1], [1]),
    total_sequence_length: int32([total], []),
    rows: int64(tokens.map((_, i) => i), [tokens.length]),
    ...fixed,
    ...cache,
  });
  const next = {};
  for (const name of Object.keys(cache)) next[name] = result[name.replace('past', 'present')];
  const width = result.logits.dims[1];
  return { rows: tokens.map((_, i) => result.logits.data.slice(i * width, (i + 1) * width)), cache: next };
}

async function logits(folder, tokens) {
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
  const { file } = manifest.graphs.find(graph => graph.level === 0 && graph.provider === 'cpu');
  const session = await ort.InferenceSession.create(path.join(folder, file), { intraOpNumThreads: 1 });
  const fixed = fixedInputs(manifest);
  const chunk = await step(session, fixed, tokens.slice(0, -1), 0, emptyCache(manifest));
  const last = await step(session, fixed, tokens.slice(-1), tokens.length - 1, chunk.cache);
  return [...chunk.rows, ...last.rows];
}

(async () => {
  let agree = 0;
  for (const { name, package: folder, tokens, expected, tolerance } of cases) {
    const rows = await logits(folder, tokens);
    let differences = 0;
    let sizes = 0;
    for (const [position, values] of expected) {
      values.forEach((value, i) => {
        differences += (rows[position][i] - value) ** 2;
        sizes += value ** 2;
      });
    }
    const deviation = Math.sqrt(differences / sizes);
    // A NaN is no agreement, so the comparison asks for what must hold.
    const agrees = deviation <= tolerance;
    const told = `deviates by ${deviation.toExponential(1)}, allowed ${tolerance}`;
    console.log(`${name}: ${told}: ${agrees ? 'agrees' : 'NO'}`);
    if (agrees) agree++;
  }
  console.log(`${agree} of ${cases.length} packages agree`);
  process.exit(agree === cases.length ? 0 : 1);
})().catch(error => { console.error(`architectures.js: ${error.message}`); process.exit(1); });
