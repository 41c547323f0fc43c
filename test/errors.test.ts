import { describe, expect, it } from 'vitest';
import { EngineError, nearest } from '../lib/base/errors.js';

describe('EngineError', () => {
  it('is an Error with a code and a cause', () => {
    const cause = new Error('inner');
    const error = new EngineError('IO', '[here] expected …', { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'EngineError', code: 'IO', message: '[here] expected …', cause });
  });
});

describe('nearest', () => {
  const names = [
    'meanSquaredError',
    'binaryCrossentropy',
    'sparseCategoricalCrossentropy',
    'categoricalCrossentropy',
  ];

  it.each([
    ['meanSquareError', 'meanSquaredError'],
    ['categorical_crossentropy', 'categoricalCrossentropy'],
    ['BINARYCROSSENTROPY', 'binaryCrossentropy'],
    ['sparsecategoricalcrossentropi', 'sparseCategoricalCrossentropy'],
  ])('takes %s for %s', (name, expected) => {
    expect(nearest(name, names)).toBe(expected);
  });

  it('does not guess at what is far from all', () => {
    expect(nearest('hinge', names)).toBeUndefined();
    expect(nearest('adam', [])).toBeUndefined();
    expect(nearest('relu', ['elu', 'selu', 'relu'])).toBe('relu');
  });
});
