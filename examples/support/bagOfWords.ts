import { NDArray, Sequential, layers, optimizers } from 'nodegrad';

/** Texts of two kinds: 0 and 1. */
export interface LabelledTexts {
  readonly texts: readonly string[];
  readonly labels: readonly number[];
}

/** Labels as a net wants them: [n, 1]. */
export const column = (labels: readonly number[]) =>
  new NDArray(Float32Array.from(labels), [labels.length, 1]);

/**
 * What a linear classifier makes of the words of a text, whatever their order: a weight for each of the most frequent words, learned by
 * logistic regression. It is hard to beat on short texts.
 *
 * @returns Its accuracy on the test texts, and the words that speak most for either kind.
 */
export async function bagOfWords(train: LabelledTexts, test: LabelledTexts, maxTokens: number, epochs = 6) {
  const vectorization = layers.textVectorization({ maxTokens, outputMode: 'multiHot' });
  await vectorization.adapt(train.texts);
  const model = new Sequential(
    [
      layers.input({ shape: [vectorization.vocabularySize()] }),
      layers.dense({ units: 1, activation: 'sigmoid' }),
    ],
    { seed: 1 },
  );
  model.compile({
    optimizer: optimizers.adam({ learningRate: 0.01 }),
    loss: 'binaryCrossentropy',
    metrics: ['accuracy'],
  });
  await model.fit(vectorization.apply(train.texts), column(train.labels), { epochs, verbose: 0, seed: 1 });
  const { accuracy } = await model.evaluate(vectorization.apply(test.texts), column(test.labels), {
    verbose: 0,
  });
  const weights = await model.weights[0]!.data();
  const words = vectorization.getVocabulary().map((word, i) => ({ word, weight: weights[i]! }));
  const sorted = words.sort((a, b) => a.weight - b.weight).map(({ word }) => word);
  return { accuracy: accuracy!, for0: sorted.slice(0, 12), for1: sorted.slice(-12).reverse() };
}
