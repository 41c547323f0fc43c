import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['bench/.venv', 'dist', 'build', 'build-sanitize', 'prebuilds', 'test/package/consumer']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    ignores: ['web/**'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // Shapes, units and counts are printed in most messages: a number in a template is what is meant.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Callers in JavaScript are not bound by the types: the API checks what "cannot" happen.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      // The hooks of a base class name what an override gets.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    // The page has types of its own (web/tsconfig.json), which build:web checks.
    files: ['web/**/*.{ts,tsx}'],
    extends: [tseslint.configs.strict],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Vitest's matchers (expect.objectContaining …) are any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      // A fake of an asynchronous function has nothing to await; a reader of JSON names the type that it expects.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly' } },
  },
);
