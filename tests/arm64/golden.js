// Runs golden prompts through a model package with ONNX Runtime's arm64 build and compares the tokens.
//   arm64-node golden.js PACKAGE REFERENCE.json TASK[,TASK...]
// One line for each prompt and level; the last line is "N of N answers are equal". Exit code 0 exactly when all are.
// No code of the agent takes part.
'use strict';
const fs = require('fs');
const { readManifest, open, restart, step } = require('./steps.js');

const [folder, reference, tasks] = process.argv.slice(2);
const { levels, stop_tokens: stopTokens } = readManifest(folder);
const cases = tasks.split(',').map(task =>
  JSON.parse(fs.readFileSync(reference, 'utf8')).cases.find(c => c.task === task && c.levels));
const positions = 320;

// Takes tokens in and returns the likeliest next one.
async function likeliest(model, tokens) {
  const [logits] = await step(model, tokens, [tokens.length - 1]);
  return logits.reduce((best, value, i) => (value > logits[best] ? i : best), 0);
}

async function greedy(model, prompt, count) {
  const answer = [await likeliest(restart(model), prompt)];
  while (answer.length < count && !stopTokens.includes(answer.at(-1))) {
    answer.push(await likeliest(model, answer.slice(-1)));
  }
  return answer;
}

(async () => {
  let equal = 0;
  let all = 0;
  for (const { level } of levels) {
    const model = await open(folder, positions, 1, level);
    for (const golden of cases) {
      const expected = (level === 0 ? golden : golden.levels[level - 1]).greedy_tokens;
      const answer = await greedy(model, golden.prompt_tokens, expected.length);
      const same = JSON.stringify(answer) === JSON.stringify(expected);
      console.log(`level ${level} ${golden.task}: ${same ? 'equal' : `${answer} instead of ${expected}`}`);
      all++;
      if (same) equal++;
    }
  }
  console.log(`${equal} of ${all} answers are equal`);
  process.exit(equal === all ? 0 : 1);
})().catch(error => { console.error(`golden.js: ${error.message}`); process.exit(1); });
