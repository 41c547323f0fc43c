/**
 * The key under which `using` finds what to call. Contexts of `node:vm` in Node 20 (Jest, vitest's vmThreads) lack
 * `Symbol.dispose`; the code that compilers write for `using` looks for this symbol there.
 */
export const dispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');
