import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const TSC = 'node_modules/typescript/bin/tsc';

/**
 * Builds `holdfast/client` as a package that needs nothing but jose, for Node 20 or newer and whatever else has the web's
 * own APIs; its types are checked without Node's. The path of the archive.
 */
export function packClient(folder: string): string {
  const stage = mkdtempSync(join(tmpdir(), 'holdfast-client-'));
  try {
    const compiler = [
      ...['--outDir', join(stage, 'client'), '--rootDir', 'client', '--declaration', '--noEmit', 'false'],
      ...['--target', 'es2022', '--lib', 'es2022,dom,dom.iterable,dom.asynciterable', '--types', ''],
      ...['--module', 'nodenext', '--rewriteRelativeImportExtensions', '--verbatimModuleSyntax', '--skipLibCheck'],
      ...['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--ignoreConfig'],
    ];
    execFileSync(process.execPath, [TSC, ...compiler, ...globSync('client/*.ts')], { stdio: 'inherit' });
    const root = JSON.parse(readFileSync('package.json', 'utf8'));
    const manifest = {
      name: root.name,
      version: root.version,
      description: 'Client and offline verifier for Holdfast',
      license: root.license,
      type: 'module',
      sideEffects: false,
      engines: { node: '>=20.3' },
      exports: { './client': { types: './client/index.d.ts', default: './client/index.js' } },
      dependencies: { jose: `^${root.dependencies.jose}` },
    };
    writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    copyFileSync('client/README.md', join(stage, 'README.md'));
    copyFileSync('LICENSE', join(stage, 'LICENSE'));
    const target = resolve(folder);
    mkdirSync(target, { recursive: true });
    const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', target, stage], { encoding: 'utf8' });
    return join(target, packed.trim());
  } finally {
    rmSync(stage, { recursive: true });
  }
}
