import { itemAt } from '../../lib/base/list.js';
import vm from 'node:vm';
import { transformSync } from 'esbuild';
import * as nodegrad from 'nodegrad';
import ts from 'typescript';

/** The programs in a document: its blocks of TypeScript that import the package. */
export function programsOf(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => itemAt(match, 1));
  return blocks.filter((block) => block.includes("from 'nodegrad'"));
}

/** What a program says that it prints: in order, the comments behind its calls of `console.log`. */
export const promisedBy = (program: string): string[] =>
  [...program.matchAll(/\bconsole\.log\(.*\); \/\/ (.*)$/gm)].map((match) => itemAt(match, 1));

/** Runs a program in this process; gives what it prints with `console.log`. */
export async function printedBy(program: string): Promise<string[]> {
  const printed: string[] = [];
  const log = (...values: readonly unknown[]) => printed.push(values.map(String).join(' '));
  const { code } = transformSync(program, { loader: 'ts', format: 'esm', target: 'es2022' });
  const body = code.replace(
    /^import \{(.*?)\} from ("[^"]*");$/gms,
    (_, names: string, from: string) => `const {${names.replaceAll(' as ', ': ')}} = await load(${from});`,
  );
  const run = vm.runInThisContext(`(async (load, console) => {${body}\n})`) as (
    load: (name: string) => Promise<unknown>,
    console: { log: typeof log },
  ) => Promise<void>;
  await run(async (name) => (name === 'nodegrad' ? nodegrad : ((await import(name)) as unknown)), { log });
  return printed;
}

/** What the compiler says against programs, by their names, each a module with the settings of this project. */
export function typeErrorsOf(programs: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile('tsconfig.json', (file) => ts.sys.readFile(file)) as {
    config: unknown;
  };
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  // Off in the projects of most readers.
  const options = { ...parsed.options, noUncheckedIndexedAccess: false };
  const files = new Map([...programs].map(([name, text]) => [`${process.cwd()}/test/${name}.mts`, text]));
  const host = ts.createCompilerHost(options);
  const compiled = ts.createProgram([...files.keys()], options, {
    ...host,
    fileExists: (file) => files.has(file) || host.fileExists(file),
    readFile: (file) => files.get(file) ?? host.readFile(file),
    getSourceFile: (file, version) => {
      const text = files.get(file);
      return text === undefined
        ? host.getSourceFile(file, version)
        : ts.createSourceFile(file, text, version);
    },
  });
  // Not of lib/, which `npm run check` looks at.
  const diagnostics = [...files.keys()].flatMap((file) => {
    const source = compiled.getSourceFile(file);
    return [...compiled.getSyntacticDiagnostics(source), ...compiled.getSemanticDiagnostics(source)];
  });
  return diagnostics.map(
    ({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
  );
}
