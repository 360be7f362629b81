// Runs imported packages with ONNX Runtime's arm64 build and compares their logits with given ones.
//   arm64-node architectures.js CASES.json
// CASES.json: [{name, package, tokens, expected: [[position, [logits]]...], tolerance}]. Tokens go in as a chunk of all
// but the last, then the last alone, so that both kinds of step run. One line for each case with the deviation, as the
// root of the mean square of the differences relative to that of the expected logits; the last line is
// "N of N packages agree". Exit code 0 exactly when all do. No code of the agent takes part.
'use strict';
const fs = require('fs');
const { open, step } = require('./steps.js');

const cases = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));

async function logits(folder, tokens) {
  const model = await open(folder, 64, 1);
  return [...await step(model, tokens.slice(0, -1)), ...await step(model, tokens.slice(-1))];
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
