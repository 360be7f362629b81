// Writes pieces.json and variants.json with the reference library: `npm pack`ed `tokenizers` 0.23.2.
// Usage: NODE_PATH=<folder with node_modules> node make.cjs [texts per tokenizer] [output folder]
const fs = require('fs');
const path = require('path');
const { Tokenizer } = require('tokenizers');
const [count, out] = [+(process.argv[2] || 40), process.argv[3] || __dirname];

let state = 20240601;
const random = n => { state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff; return (state >> 8) % n; };
const words = ['the', 'Hello', 'WORLD', 'iPhone', "it's", "DON'T", "we'VE", "'ll", "'", "x'ſy", '12', '3.14', '1234567', '٣٤٥', 'Ⅷ²½',
  ' ', '  ', '    ', '\t', '\n', '\r\n', '\n\n', ' \n ', '\u00a0', '\u3000', '\u2028', '\u0085', '\x1c', '\u200b', '\ufeff', '\x00',
  '!', '...', '-->', '({[', '/path/', '#$%', '“q”', '。', '、', '€', '+=', '_', '__init__', '温度', '過高', 'ひらがな', 'カタカナ', '한국어',
  '\u1112\u1161\u11ab', 'e\u0301', 'é', 'a\u0323\u0307', '\u0301', 'Å', 'ﬁ', 'ǅ', 'ʰ', 'हिन्दी', 'עברית', 'ไทย', '👩‍🔧', '🏳️‍🌈', '𝔘', '𐐷',
  '<s>', '</s>', '<|im_start|>', '<|endoftext|>', '<unk>', '<start_of_turn>', '▁', '<0x41>', 'Größe', 'İ', 'ß'];
const text = () => { let s = ''; for (let i = random(9) + 1; i > 0; i--) s += words[random(words.length)]; return s; };

const added = (id, content, more) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...more });
const bytes = (() => { // GPT-2's byte alphabet
  const map = []; let next = 256;
  for (let b = 0; b < 256; b++) map.push(String.fromCharCode((b > 32 && b < 127) || (b > 160 && b !== 173) ? b : next++));
  return map;
})();
const split = (regex, more) => ({ type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false, ...more });
const plain = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
const spaces = '|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const short = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const [upper, lower] = ['[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]', '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]'];
const llama3 = n => `${short}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${n}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*${spaces}`;
const preTokenizers = {
  gpt2: [{ ...plain, use_regex: true }],
  prefix: [{ ...plain, use_regex: true, add_prefix_space: true }],
  digits: [{ type: 'Digits', individual_digits: false }, { ...plain, use_regex: true }],
  llama3: [split(llama3('{1,3}')), plain],
  llama3_removed: [split(llama3('{1,3}'), { behavior: 'Removed', invert: true }), plain],
  qwen2: [split(llama3('')), plain],
  qwen35: [split(`${short}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*${spaces}`), plain],
  gpt4o: [split(`${upper}*${lower}+${short}?|${upper}+${lower}*${short}?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*${spaces}`), plain],
  nemo: [split(`${upper}*${lower}+|${upper}+${lower}*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*${spaces}`), plain],
  deepseek_v3: [split('\\p{N}{1,3}'), split('[一-龥\u3040-ゟ゠-ヿ]+'),
    split('[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+'), plain],
  deepseek_coder: [split('[\r\n]'), split('\\s?\\p{L}+'), split('\\s?\\p{P}+'), split('[一-龥ࠀ-一가-\uD7FF]+'),
    { type: 'Digits', individual_digits: true }, plain],
};
const file = (model, more) => ({ version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null,
  post_processor: null, decoder: null, model: { type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null,
    end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, ignore_merges: false, ...model }, ...more });
const byteModel = { vocab: Object.fromEntries(bytes.map((c, i) => [c, i])), merges: [] };
const byteLevel = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true };

async function cases(json, read) {
  const tokenizer = Tokenizer.fromString(JSON.stringify(json));
  const list = [];
  for (let i = 0; i < count; i++) { const t = text(); list.push(await read(tokenizer, t)); }
  return list;
}
// One token a byte, so that the word ids show where the pieces end.
const ends = async (tokenizer, t) => {
  const ids = (await tokenizer.encode(t, null, { addSpecialTokens: false })).getWordIds();
  return { text: t, ends: ids.flatMap((w, i) => i + 1 === ids.length || ids[i + 1] !== w ? [i + 1] : []) };
};
const coded = async (tokenizer, t) => {
  const ids = (await tokenizer.encode(t, null, { addSpecialTokens: false })).getIds();
  return { text: t, ids, decoded: await tokenizer.decode(ids, false), shown: await tokenizer.decode(ids, true) };
};

// A small SentencePiece-style vocabulary: bytes, some characters, some merges.
const pieceModel = () => {
  const vocab = { '<unk>': 0, '<s>': 1, '</s>': 2 };
  const add = t => { vocab[t] ??= Object.keys(vocab).length; return t; };
  for (let b = 0; b < 256; b++) add(`<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
  for (const c of '▁abcdefghijklmnopqrstuvwxyzHWDONT0123456789.,\'\n<>/|_温度é') add(c);
  const merges = [['▁', 't'], ['h', 'e'], ['▁t', 'he'], ['▁', '▁'], ['▁▁', '▁▁'], ['l', 'l'], ['e', 'll'], ['H', 'ell'], ['Hell', 'o'], ['1', '2'], ['温', '度'], ['▁', 'H']];
  for (const [a, b] of merges) add(a + b);
  return { vocab, merges, unk_token: '<unk>', fuse_unk: true, byte_fallback: true };
};
const special = [added(0, '<unk>'), added(1, '<s>'), added(2, '</s>')];
const pieceDecoder = strip => ({ type: 'Sequence', decoders: [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' },
  ...(strip ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : [])] });
const metaspace = (prepend_scheme, cut) => ({ type: 'Metaspace', replacement: '▁', prepend_scheme, split: cut });
const noBytes = fuse => { const m = pieceModel(); return { ...m, byte_fallback: false, fuse_unk: fuse }; };
const replace = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
const variants = {
  metaspace_first: file(pieceModel(), { added_tokens: special, pre_tokenizer: metaspace('first', false), decoder: pieceDecoder(true) }),
  metaspace_always_split: file(pieceModel(), { added_tokens: special, pre_tokenizer: metaspace('always', true), decoder: pieceDecoder(true) }),
  metaspace_never: file(pieceModel(), { added_tokens: special, pre_tokenizer: metaspace('never', true), decoder: pieceDecoder(false) }),
  unknown_fused: file(noBytes(true), { added_tokens: special, normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, replace] }, decoder: pieceDecoder(true) }),
  unknown_apart: file(noBytes(false), { added_tokens: special, normalizer: replace, decoder: pieceDecoder(false) }),
  normalized_added: file(pieceModel(), { added_tokens: [special[0], added(1, '<s>', { normalized: true }), added(2, '</s>', { normalized: true, rstrip: true })],
    normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, replace] }, decoder: pieceDecoder(true) }),
  strips: file(pieceModel(), { added_tokens: [special[0], added(1, '<s>', { lstrip: true }), added(2, '</s>', { rstrip: true }), added(326, 'the', { single_word: true, special: false })],
    normalizer: replace, decoder: pieceDecoder(false) }),
  blanks: file(pieceModel(), { added_tokens: [...special, added(326, '   ', { special: false }), added(327, '\n\n', { special: false })], normalizer: replace, decoder: pieceDecoder(false) }),
  nfc: file(byteModel, { normalizer: { type: 'NFC' }, pre_tokenizer: { type: 'Sequence', pretokenizers: preTokenizers.qwen2 }, decoder: byteLevel,
    added_tokens: [added(256, '<|im_start|>'), added(257, '<|endoftext|>', { normalized: true })] }),
  ignore_merges: file({ vocab: { ...byteModel.vocab, the: 256, Ġthe: 257, th: 258, ĠHello: 259, Hello: 260 }, merges: [['t', 'h']], ignore_merges: true },
    { pre_tokenizer: { type: 'Sequence', pretokenizers: preTokenizers.llama3 }, decoder: byteLevel }),
  missing_bytes: file({ vocab: Object.fromEntries(bytes.slice(0, 200).map((c, i) => [c, i])), merges: [] },
    { pre_tokenizer: { type: 'Sequence', pretokenizers: preTokenizers.gpt2 }, decoder: byteLevel }),
};

(async () => {
  const pieces = [];
  for (const [name, stages] of Object.entries(preTokenizers)) {
    const pre_tokenizer = { type: 'Sequence', pretokenizers: stages };
    pieces.push({ name, pre_tokenizer, cases: await cases(file(byteModel, { pre_tokenizer, decoder: byteLevel }), ends) });
  }
  fs.writeFileSync(path.join(out, 'pieces.json'), JSON.stringify(pieces));
  const list = [];
  // The library decodes a token that it looked for in normalized text with the normalizer's prefix, and no longer knows it as special.
  const idsOnly = async (tokenizer, t) => { const { text, ids } = await coded(tokenizer, t); return { text, ids }; };
  for (const [name, tokenizer] of Object.entries(variants)) list.push({ name, tokenizer, cases: await cases(tokenizer, name === 'normalized_added' ? idsOnly : coded) });
  fs.writeFileSync(path.join(out, 'variants.json'), JSON.stringify(list));
})();
