// The peer of `peer`: llama.cpp through node-llama-cpp. Says its version, then for each line how many seconds it took.
//   usage: node turns.mjs MODEL.gguf THREADS CONTEXT PAST      a line: prefill COUNT | decode COUNT
import { createInterface } from "node:readline";
import { getLlama } from "node-llama-cpp";

const [modelPath, ...numbers] = process.argv.slice(2);
const [threads, contextSize, past] = numbers.map(Number);
const llama = await getLlama({ gpu: false, build: "never", maxThreads: threads, logLevel: "error" });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ contextSize, batchSize: contextSize, threads });
const sequence = context.getSequence();
console.log(`llama.cpp ${llama.llamaCppRelease.release}`);

// As Turns.cs has them.
const tokens = count => Array.from({ length: count }, (_, i) => 3 + i * 37 % 4000);
const generate = async (prompt, count) => {
    const start = process.hrtime.bigint();
    for await (const _ of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true }))
        if (--count === 0) break;
    return Number(process.hrtime.bigint() - start) / 1e9;
};

for await (const line of createInterface({ input: process.stdin })) {
    const [turn, count] = line.split(" ");
    await sequence.clearHistory();
    if (turn === "prefill") {
        console.log(await generate(tokens(Number(count)), 1));
    } else {
        await sequence.evaluateWithoutGeneratingNewTokens(tokens(past));
        console.log(await generate([5], Number(count)));
    }
}
process.exit(0);
