/** Finds and loads the addon. This is the only file that loads a binary. */
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { types } from 'node:util';
import { mismatch } from './base/checks.js';
import { EngineError } from './base/errors.js';
import { installedFolder, isPackage, ownFolder } from './installed.js';
import { withSpinCount } from './engine/settings.js';

/** What decides whether a binary can be loaded here. */
export interface Host {
  readonly platform: string;
  readonly arch: string;
  readonly node: string;
  /** The version of Node-API, where the runtime has one. */
  readonly napi: string | undefined;
  /** The version of glibc, or undefined with another C library. Asked only when a binary did not load: the report takes a while. */
  glibc(): string | undefined;
}

/** The prebuilt binaries. Tools that collect a program's files (@vercel/nft) find them here, so each path is spelled out. */
const PREBUILT: Readonly<Record<string, string>> = {
  'linux-x64': `${import.meta.dirname}/../prebuilds/linux-x64/nodegrad.node`,
};
const PLATFORMS = Object.keys(PREBUILT);

/** The oldest glibc that has every symbol which the libraries of the package need (test/package checks it). */
const GLIBC_FLOOR = '2.27';

const thisHost: Host = {
  platform: process.platform,
  arch: process.arch,
  node: process.versions.node,
  napi: process.versions.napi,
  glibc() {
    const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
    return report?.header?.glibcVersionRuntime;
  },
};

/**
 * How often a thread of the team that has nothing to do looks for work before it sleeps. It covers the gaps within a step; libgomp's own
 * 300,000 are milliseconds, for which a thread keeps the core from others, and from the threads of the same team that it waits for.
 */
const SPINS = '10000';

/**
 * Loads the addon that is below a package's folder: the one that was built there (in a clone), else the prebuilt one.
 *
 * @param root The folder. Default: this package's, or the installed one where this code is part of a bundle.
 * @returns What the addon exports.
 * @throws EngineError `STATE` where Node is too old or no binary is found, `DEVICE` where the platform has none or
 *   the binary does not load.
 */
export function loadAddon(root?: string, host = thisHost): unknown {
  if (Number.parseInt(host.node, 10) < 20 || Number(host.napi ?? 0) < 9) {
    throw mismatch(
      'nodegrad',
      'Node 20.3 or newer (Node-API 9)',
      `Node ${host.node} (Node-API ${host.napi ?? 'none'})`,
      'STATE',
    );
  }
  const installed = () => installedFolder('nodegrad', [dirname(process.argv[1] ?? ''), process.cwd()]);
  const file = findAddon(root ?? ownFolder ?? installed(), host);
  try {
    return withSpinCount(SPINS, () => module.createRequire(file)(file) as unknown);
  } catch (cause) {
    throw new EngineError('DEVICE', doesNotLoad(file, cause, host), { cause });
  }
}

function findAddon(root: string | undefined, host: Host): string {
  const target = `${host.platform}-${host.arch}`;
  if (root === undefined || !isPackage(root)) {
    const where = root === undefined ? '' : ` in ${root}`;
    throw mismatch(
      'nodegrad',
      'the installed package nodegrad with its native binary',
      `none${where}. ${BUNDLER_HINT}`,
      'STATE',
    );
  }
  const candidates = [
    join(root, 'build', 'Release', 'nodegrad.node'),
    join(root, 'prebuilds', target, 'nodegrad.node'),
  ];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  const known = PLATFORMS.includes(target);
  const remedy = known
    ? 'Run `npm run build:native` in a clone, or install the package again.'
    : 'Build it in a clone with `npm run build:native`.';
  throw new EngineError(
    known ? 'STATE' : 'DEVICE',
    `[nodegrad] found no native binary for ${target} (there are prebuilt ones for ${PLATFORMS.join(', ')}): ` +
      `looked for ${candidates.join(' and ')}. ${remedy}`,
  );
}

/** A bundle holds code, no binaries. */
const BUNDLER_HINT =
  'Install nodegrad where the bundle runs, and keep it out of the bundle: ' +
  'esbuild --external:nodegrad; ' +
  "webpack externals: { nodegrad: 'commonjs nodegrad' }; " +
  "Rollup external: ['nodegrad']; " +
  "Vite ssr: { external: ['nodegrad'] }; " +
  "Next.js serverExternalPackages: ['nodegrad'].";

function doesNotLoad(file: string, cause: unknown, host: Host): string {
  const reason = types.isNativeError(cause) ? cause.message : String(cause);
  const glibc = host.platform === 'linux' ? host.glibc() : undefined;
  if (host.platform === 'linux' && glibc === undefined) {
    return (
      '[nodegrad] expected Linux with glibc, received one with another C library (musl, as in Alpine): ' +
      `use an image based on Debian or build ${file} there with \`npm run build:native\` (${reason})`
    );
  }
  const symbol = /version `(\w+_[\d.]+)' not found/.exec(reason)?.[1];
  if (symbol !== undefined) {
    return (
      `[nodegrad] expected a system with ${symbol}, received glibc ${glibc ?? 'unknown'} without it: the package needs glibc ` +
      `${GLIBC_FLOOR} or newer (Debian 10, Ubuntu 18.04, RHEL 8, Amazon Linux 2023) (${reason})`
    );
  }
  return `[nodegrad] ${file} does not load: ${reason}`;
}
