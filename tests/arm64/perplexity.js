// The perplexity of a package's level 0 over given tokens, with ONNX Runtime's arm64 build.
//   arm64-node perplexity.js PACKAGE TOKENS.json [COUNT] [CHUNK]
// TOKENS.json: {"ids": [...]}, as `edge-agent tokenize PACKAGE --json` prints it. The first COUNT (256) of them are one
// window, taken in by chunks (32); its first token is not scored. Prints {"perplexity": P, "tokens": COUNT}.
'use strict';
const fs = require('fs');
const { open, step } = require('./steps.js');

const [folder, tokensFile, count = '256', chunk = '32'] = process.argv.slice(2);
const tokens = JSON.parse(fs.readFileSync(tokensFile, 'utf8')).ids.slice(0, Number(count));

function logProbability(logits, token) {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const sum = logits.reduce((total, value) => total + Math.exp(value - largest), 0);
  return logits[token] - largest - Math.log(sum);
}

(async () => {
  const model = await open(folder, tokens.length, 2);
  let loss = 0;
  for (let first = 0; first < tokens.length; first += Number(chunk)) {
    const rows = await step(model, tokens.slice(first, first + Number(chunk)));
    rows.forEach((logits, i) => {
      if (first + i + 1 < tokens.length) loss -= logProbability(logits, tokens[first + i + 1]);
    });
    console.error(`${Math.min(first + Number(chunk), tokens.length)} of ${tokens.length} tokens`);
  }
  console.log(JSON.stringify({ perplexity: Math.exp(loss / (tokens.length - 1)), tokens: tokens.length }));
})().catch(error => { console.error(`perplexity.js: ${error.message}`); process.exit(1); });
