// The pages of the documentation, guides and reference, as files in build/docs: node scripts/docs.mjs. No network is needed to make or to
// read them. Fails where a link leads nowhere.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application } from 'typedoc';
import { familiesOf } from './docs/families.mjs';
import { load, orderOf } from './docs/plugin.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'build/docs');

// Which guides belong together, in their order, and to which family a name outside namespaces belongs, by its file.
const { chapters, names } = JSON.parse(readFileSync(join(root, 'scripts/docs/contents.json'), 'utf8'));
const families = Object.fromEntries(
  ['layers', 'ops'].map((folder) => [folder, familiesOf(join(root, `lib/${folder}/index.ts`))]),
);
const guides = new Map(
  Object.entries(chapters).flatMap(([chapter, files]) =>
    files.map((file) => [join(root, file.endsWith('.md') ? file : `docs/${file}.md`), chapter]),
  ),
);

const app = await Application.bootstrapWithPlugins({
  name: 'nodegrad',
  entryPoints: [join(root, 'lib/index.ts')],
  tsconfig: join(root, 'tsconfig.build.json'),
  alwaysCreateEntryPointModule: false,
  readme: join(root, 'README.md'),
  projectDocuments: [...guides.keys()],
  out,
  cleanOutputDir: true,
  plugin: [
    (one) => load(one, join(root, 'lib'), (file) => guides.get(file), names, families),
    'typedoc-plugin-missing-exports',
  ],
  internalModule: 'Types that are not exported',
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  disableGit: true,
  disableSources: true,
  skipErrorChecking: true, // npm run check has looked for errors
  categorizeByGroup: false,
  categoryOrder: [...orderOf(chapters, names, families), '*'],
  navigation: { includeCategories: true, includeGroups: false },
  sort: ['kind', 'alphabetical-ignoring-documents'],
  kindSortOrder: ['Document', 'Function', 'Class', 'Interface', 'TypeAlias'],
  highlightLanguages: ['bash', 'cpp', 'json', 'typescript'],
  customCss: join(root, 'scripts/docs/style.css'),
  hideGenerator: true,
  treatWarningsAsErrors: true,
  validation: {
    notExported: true,
    invalidLink: true,
    invalidPath: true,
    rewrittenLink: true,
    unusedMergeModuleWith: true,
  },
});

/** All pages, by their paths in the folder. */
const pagesOf = (folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'));

/** What of a page cannot be followed: links to files or headings that are not there, and what would be loaded from elsewhere. */
function brokenIn(page, text, idsOf) {
  const from = dirname(join(out, page));
  const loads = [...text.matchAll(/<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)="(\w+:[^"]*)"/g)]
    .map(([, address]) => address)
    .filter((address) => !address.startsWith('data:'));
  const links = [...text.matchAll(/\bhref="([^"]*)"/g)]
    .map(([, address]) => address)
    .filter((address) => {
      if (/^\w+:/.test(address)) return false;
      const [path, id] = decodeURI(address).split('#');
      const file = path === '' ? join(out, page) : join(from, path);
      if (!existsSync(file)) return true;
      return Boolean(id) && file.endsWith('.html') && !idsOf(relative(out, file)).has(id);
    });
  return [...loads.map((address) => `${address} would be loaded`), ...links];
}

const project = await app.convert();
if (!project) process.exit(1);
app.validate(project);
await app.generateOutputs(project);

const pages = pagesOf(out);
const texts = new Map(pages.map((page) => [page, readFileSync(join(out, page), 'utf8')]));
const ids = new Map();
const idsOf = (page) => {
  if (!ids.has(page))
    ids.set(page, new Set([...texts.get(page).matchAll(/\bid="([^"]*)"/g)].map(([, id]) => id)));
  return ids.get(page);
};
const broken = [...texts]
  .map(([page, text]) => [page, brokenIn(page, text, idsOf)])
  .filter(([, list]) => list.length > 0);
for (const [page, list] of broken) console.error(`${page}: ${[...new Set(list)].join(', ')}`);
const failed = broken.length + app.logger.errorCount + app.logger.warningCount;
console.log(`docs: ${pages.length - broken.length} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
