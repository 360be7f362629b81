// Steps of a model package with ONNX Runtime's arm64 build: what the programs beside this one share.
// No code of the agent takes part.
'use strict';
const fs = require('fs');
const path = require('path');
const ort = require('onnxruntime-node');

const int32 = (values, shape) => new ort.Tensor('int32', Int32Array.from(values), shape);
const int64 = (values, shape) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), shape);

// cos and sin of position p and pair i: p / base^(2i / dimensions) / divisor(i), times the amplitude.
function rotary(table, f, positions) {
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

function fixedInputs(manifest, positions) {
  const inputs = { head_ids: new ort.Tensor('int64', new BigInt64Array(0), [0]) };
  for (const table of manifest.architecture.rotary) {
    inputs[table.cos_input] = rotary(table, Math.cos, positions);
    inputs[table.sin_input] = rotary(table, Math.sin, positions);
  }
  return inputs;
}

function emptyCache(manifest, positions) {
  const cache = {};
  manifest.kv.layers.forEach((layer, n) => {
    for (const part of ['key', 'value']) {
      const shape = [1, layer.heads, positions, layer.dimensions];
      cache[`past.${n}.${part}`] = new ort.Tensor('float32', new Float32Array(shape.reduce((a, b) => a * b)), shape);
    }
  });
  return cache;
}

const readManifest = folder => JSON.parse(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8'));

// A level of a package with an empty cache of so many positions.
async function open(folder, positions, threads, level = 0) {
  const manifest = readManifest(folder);
  const { file } = manifest.graphs.find(graph => graph.level === level && graph.provider === 'cpu');
  const session = await ort.InferenceSession.create(path.join(folder, file), { intraOpNumThreads: threads });
  return restart({ session, manifest, positions, fixed: fixedInputs(manifest, positions) });
}

// Forgets all that the model has taken in.
function restart(model) {
  return Object.assign(model, { cache: emptyCache(model.manifest, model.positions), past: 0 });
}

// Takes tokens in at the end of the past; returns the logits after those of them that rows names, by default all.
async function step(model, tokens, rows = tokens.map((_, i) => i)) {
  const total = model.past + tokens.length;
  const result = await model.session.run({
    input_ids: int64(tokens, [1, tokens.length]),
    seqlens_k: int32([total - 1], [1]),
    total_sequence_length: int32([total], []),
    rows: int64(rows, [rows.length]),
    ...model.fixed,
    ...model.cache,
  });
  for (const name of Object.keys(model.cache)) model.cache[name] = result[name.replace('past', 'present')];
  model.past = total;
  const width = result.logits.dims[1];
  return rows.map((_, i) => result.logits.data.slice(i * width, (i + 1) * width));
}

module.exports = { readManifest, open, restart, step };
