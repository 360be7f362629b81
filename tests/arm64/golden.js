// Runs golden prompts through a model package with ONNX Runtime's arm64 build and compares the tokens.
//   arm64-node golden.js PACKAGE REFERENCE.json TASK[,TASK...]
// One line for each prompt and level; the last line is "N of N answers are equal". Exit code 0 exactly when all are.
// Everything that is not ONNX Runtime's is written here anew: no code of the agent takes part.
'use strict';
const fs = require('fs');
const path = require('path');
const ort = require('onnxruntime-node');

const [folder, reference, tasks] = process.argv.slice(2);
const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
const wanted = tasks.split(',');
const cases = wanted.map(task =>
  JSON.parse(fs.readFileSync(reference, 'utf8')).cases.find(c => c.task === task && c.levels));
const positions = 320;

const int32 = (values, shape) => new ort.Tensor('int32', Int32Array.from(values), shape);
const int64 = values => BigInt64Array.from(values, BigInt);

// cos and sin of position p and pair i: p / base^(2i / dimensions).
function rotary({ base, dimensions }, f) {
  const half = dimensions / 2;
  const table = new Float32Array(positions * half);
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < half; i++) table[p * half + i] = f(p / Math.pow(base, (2 * i) / dimensions));
  }
  return new ort.Tensor('float32', table, [positions, half]);
}

const turn = manifest.architecture.rotary[0];
const fixed = { cos_cache: rotary(turn, Math.cos), sin_cache: rotary(turn, Math.sin) };

function emptyCache() {
  const cache = {};
  manifest.kv.layers.forEach((layer, n) => {
    for (const part of ['key', 'value']) {
      const shape = [1, layer.heads, positions, layer.dimensions];
      cache[`past.${n}.${part}`] = new ort.Tensor('float32', new Float32Array(shape.reduce((a, b) => a * b)), shape);
    }
  });
  return cache;
}

// Takes tokens in at the end of the past; returns the likeliest next token and the cache with them.
async function step(session, tokens, past, cache) {
  const total = past + tokens.length;
  const result = await session.run({
    input_ids: new ort.Tensor('int64', int64(tokens), [1, tokens.length]),
    seqlens_k: int32([total - 1], [1]),
    total_sequence_length: int32([total], []),
    rows: new ort.Tensor('int64', int64([tokens.length - 1]), [1]),
    head_ids: new ort.Tensor('int64', new BigInt64Array(0), [0]),
    ...fixed,
    ...cache,
  });
  const next = {};
  for (const name of Object.keys(cache)) next[name] = result[name.replace('past', 'present')];
  const logits = result.logits.data;
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return { token: best, cache: next };
}

async function greedy(session, prompt, count) {
  let { token, cache } = await step(session, prompt, 0, emptyCache());
  const answer = [token];
  while (answer.length < count && !manifest.stop_tokens.includes(token)) {
    ({ token, cache } = await step(session, [token], prompt.length + answer.length - 1, cache));
    answer.push(token);
  }
  return answer;
}

(async () => {
  let equal = 0;
  let all = 0;
  for (const { level } of manifest.levels) {
    const { file } = manifest.graphs.find(graph => graph.level === level && graph.provider === 'cpu');
    const session = await ort.InferenceSession.create(path.join(folder, file), { intraOpNumThreads: 1 });
    for (const golden of cases) {
      const expected = (level === 0 ? golden : golden.levels[level - 1]).greedy_tokens;
      const answer = await greedy(session, golden.prompt_tokens, expected.length);
      const same = JSON.stringify(answer) === JSON.stringify(expected);
      console.log(`level ${level} ${golden.task}: ${same ? 'equal' : `${answer} instead of ${expected}`}`);
      all++;
      if (same) equal++;
    }
  }
  console.log(`${equal} of ${all} answers are equal`);
  process.exit(equal === all ? 0 : 1);
})().catch(error => { console.error(`golden.js: ${error.message}`); process.exit(1); });
