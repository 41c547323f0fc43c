import { mapTuple } from '../lib/base/list.js';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type NDArray, Sequential, type Sym, compile, layers, tensor } from '../lib/index.js';

describe('stringLookup', () => {
  it('gives numbers and words back', () => {
    const vocabulary = ['cat', 'dog'];
    const [there, back] = mapTuple([{ vocabulary }, { vocabulary, invert: true }], (options) =>
      layers.stringLookup(options),
    );
    const numbers = there.apply([
      ['dog', 'cow'],
      ['cat', 'dog'],
    ]) as NDArray;
    expect([numbers.dtype, numbers.shape, [...numbers.data]]).toEqual(['int32', [2, 2], [2, 0, 1, 2]]);
    expect(back.apply(numbers)).toEqual([
      ['dog', '[UNK]'],
      ['cat', 'dog'],
    ]);
    expect(there.apply('dog')).toMatchObject({ shape: [] });
    expect(back.apply(2)).toBe('dog');
    expect(back.apply([[], []])).toEqual([[], []]);
  });

  it('reads a vocabulary from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nodegrad-'));
    try {
      const file = join(folder, 'words.txt');
      writeFileSync(file, 'größe\r\n日本\n\n');
      expect(layers.stringLookup({ vocabulary: file }).getVocabulary()).toEqual(['[UNK]', 'größe', '日本']);
      writeFileSync(file, '12\n-3\n');
      expect(layers.integerLookup({ vocabulary: file }).getVocabulary()).toEqual([-1, 12, -3]);
      const missing = () => layers.stringLookup({ vocabulary: join(folder, 'none') });
      expect(missing).toThrow(expect.objectContaining({ code: 'IO' }));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('sorts equally frequent words by their code points, as Keras', async () => {
    const lookup = layers.stringLookup();
    await lookup.adapt(['\u{1d4b3}', '\uff01', 'z']);
    expect(lookup.getVocabulary(false)).toEqual(['\u{1d4b3}', '\uff01', 'z']);
  });

  it('reads only so many batches', async () => {
    const lookup = layers.stringLookup();
    await lookup.adapt([['a'], ['b'], ['c']].values(), { steps: 2 });
    expect(lookup.getVocabulary(false)).toEqual(['b', 'a']);
    async function* later() {
      yield await Promise.resolve(['x', 'x', 'y']);
    }
    await lookup.adapt(later());
    expect(lookup.getVocabulary(false)).toEqual(['x', 'y']);
  });

  it.each([
    [
      'a word twice',
      () => layers.stringLookup({ vocabulary: ['a', 'b', 'a'] }),
      /all different, received 'a'/,
    ],
    ['no words', () => layers.stringLookup({ vocabulary: [] }), /expected a list of tokens/],
    [
      'numbers as words',
      () => layers.stringLookup({ vocabulary: [1] as never }),
      /expected strings as tokens/,
    ],
    [
      'the mask among words',
      () => layers.stringLookup({ vocabulary: ['a', ''], maskToken: '' }),
      /at the start/,
    ],
    [
      'too many words',
      () => layers.stringLookup({ vocabulary: ['a', 'b'], maxTokens: 2 }),
      /at most 2 tokens/,
    ],
    ['maxTokens 1', () => layers.stringLookup({ maxTokens: 1 }), /an integer of 2 or more for maxTokens/],
    ['padding to nothing', () => layers.stringLookup({ padToMaxTokens: true }), /expected maxTokens/],
    [
      'an inverse of rows',
      () => layers.stringLookup({ invert: true, outputMode: 'count' }),
      /'int' where invert/,
    ],
    [
      'weights for nothing',
      () => layers.stringLookup({ vocabulary: ['a'], idfWeights: [1] }),
      /'tfIdf' where/,
    ],
    [
      'missing weights',
      () => layers.stringLookup({ vocabulary: ['a'], outputMode: 'tfIdf' }),
      /expected idfWeights/,
    ],
    [
      'another number of weights',
      () => layers.stringLookup({ vocabulary: ['a'], outputMode: 'tfIdf', idfWeights: [1, 2] }),
      /expected 1 idfWeights/,
    ],
    [
      'another mode',
      () => layers.stringLookup({ outputMode: 'multihot' as never }),
      /did you mean 'multiHot'/,
    ],
    ['a wrong salt', () => layers.stringLookup({ salt: [1] as never }), /a list of two as salt/],
    ['another encoding', () => layers.stringLookup({ encoding: 'latin-1' as never }), /'utf-8' as encoding/],
    [
      'a word that has no number',
      () => layers.stringLookup({ vocabulary: ['a'], numOovIndices: 0 }).apply(['b']),
      /tokens of the vocabulary, received 'b'/,
    ],
    ['rows of no words', () => layers.stringLookup({ outputMode: 'count' }).apply(['b']), /call adapt/],
    ['numbers', () => layers.stringLookup().apply([1, 2]), /expected strings as tokens/],
    ['uneven lists', () => layers.stringLookup().apply([['a'], ['b', 'c']]), /lists of 1 at depth 1/],
    ['strings of two depths', () => layers.stringLookup().apply(['a', ['b']]), /expected strings/],
    ['a hole', () => layers.stringLookup().apply(new Array(2) as string[]), /expected/],
  ] as const)('refuses %s', (_, wrong, message) => {
    expect(wrong).toThrow(message);
  });

  it('refuses to adapt a vocabulary that was given', async () => {
    const lookup = layers.stringLookup({ vocabulary: ['a'] });
    await expect(lookup.adapt(['b'])).rejects.toMatchObject({ code: 'STATE' });
    expect(lookup.getVocabulary()).toEqual(['[UNK]', 'a']);
  });

  it('says inside of a model that it comes before it', async () => {
    const lookup = layers.stringLookup({ vocabulary: ['a'] });
    const message = /expected plain data, received a symbolic value: apply the layer to the data before/;
    expect(() => lookup.apply(layers.input({ shape: [2] }))).toThrow(message);
    await expect(compile((x: Sym) => lookup.apply(x))([1])).rejects.toThrow(message);
    expect(() => new Sequential([layers.input({ shape: [2] }), lookup])).toThrow(message);
  });
});

describe('integerLookup', () => {
  it.each([
    ['fractions of nothing', () => layers.integerLookup({ vocabulary: [NaN] }), /expected integers/],
    ['salt without a hash', () => layers.integerLookup({ salt: 3 }), /'farmhash' where a salt/],
    ['strings', () => layers.integerLookup({ vocabulary: [1] }).apply(['x']), /expected integers/],
    [
      'integers that cannot be given back',
      () => layers.integerLookup({ vocabulary: [2 ** 40], invert: true }).apply([1]),
      /int32 holds/,
    ],
  ] as const)('refuses %s', (_, wrong, message) => {
    expect(wrong).toThrow(message);
  });
});

describe('textVectorization', () => {
  it('takes functions, which a configuration cannot hold', async () => {
    const vectorize = layers.textVectorization({
      standardize: (text) => text.toLowerCase(),
      split: (text) => text.split('|'),
    });
    await vectorize.adapt(['Ä|b', 'ä']);
    expect(vectorize.getVocabulary()).toEqual(['', '[UNK]', 'ä', 'b']);
    expect(tensor(vectorize.apply(['B|Ä|c'])).arraySync()).toEqual([[3, 2, 1]]);
    expect(() => vectorize.getConfig()).toThrow(/expected the name of a standardize/);
  });

  it('feeds a model', async () => {
    const texts = ['good film', 'bad film', 'good good', 'bad bad'];
    const vectorize = layers.textVectorization({ outputSequenceLength: 2 });
    await vectorize.adapt(texts);
    const model = new Sequential([
      layers.input({ shape: [2], dtype: 'int32' }),
      layers.embedding({ inputDim: vectorize.vocabularySize(), outputDim: 4 }),
      layers.flatten(),
      layers.dense({ units: 1, activation: 'sigmoid' }),
    ]);
    model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy' });
    const { history } = await model.fit(vectorize.apply(texts), [[1], [0], [1], [0]], {
      epochs: 2,
      verbose: 0,
    });
    expect(history['loss']).toHaveLength(2);
    model.dispose();
  });

  it.each([
    ['a name of nothing', { split: 'words' as never }, /'whitespace' or 'character' as split/],
    [
      'a length of rows',
      { outputMode: 'count', outputSequenceLength: 3 },
      /'int' where outputSequenceLength/,
    ],
    ['no n-gram', { ngrams: 0 }, /a positive integer for ngrams/],
  ] as const)('refuses %s', (_, options, message) => {
    expect(() => layers.textVectorization(options)).toThrow(message);
  });

  it('refuses texts in two columns, and functions that give no strings', () => {
    expect(() => layers.textVectorization().apply([['a', 'b']])).toThrow(/expected texts \[n\] or \[n, 1\]/);
    const [standardize, split] = [() => 1, () => 'ab'] as never[];
    expect(() => layers.textVectorization({ standardize }).apply(['a'])).toThrow(/a string from standardize/);
    expect(() => layers.textVectorization({ split }).apply(['a'])).toThrow(/a list of strings from split/);
  });
});

describe('hashing', () => {
  it.each([
    ['no bins', () => layers.hashing({ numBins: 0 }), /positive integer for numBins/],
    ['a mask of another kind', () => layers.hashing({ numBins: 3, maskValue: '' }).apply([1]), /strings/],
    ['null', () => layers.hashing({ numBins: 3 }).apply(null as never), /expected/],
    ['one feature', () => layers.hashedCrossing({ numBins: 3 }).apply([['a']]), /at least two features/],
    [
      'features of two shapes',
      () => layers.hashedCrossing({ numBins: 3 }).apply([['a'], ['b', 'c']]),
      /one shape/,
    ],
    [
      'wide features',
      () => layers.hashedCrossing({ numBins: 3 }).apply([[['a', 'b']], [['c', 'd']]]),
      /one shape/,
    ],
  ] as const)('refuses %s', (_, wrong, message) => {
    expect(wrong).toThrow(message);
  });
});
