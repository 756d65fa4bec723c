import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { isAsShown, readTour } from './tour.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const HEADING = 'A tour in five minutes';

/** The ports of the demo, as the README and the files of the site have them. */
const PORTS = ['2575', '2576', '8080', '8103'];

/** What the tour edits, as the README says in prose. */
const EDITED = 'mappings/v2-to-fhir/segments/PID-Patient.yaml';

/** The engine prints this last when it is up. */
const UP = /npx pipehat trace 1\n$/;

/** How long the page may have to wait for what it shows. */
const PATIENCE_MS = 15_000;

describe('the tour of the README', () => {
  let folder: string;
  let engine: ChildProcess | undefined;
  let elsewhere: (text: string) => string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pipehat-tour-'));
    elsewhere = await onFreePorts();
    for (const name of ['pipehat.yaml', 'channels', 'systems', 'mappings', 'profiles', 'samples'])
      cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    const files = ['channels', 'systems'].flatMap((name) =>
      readdirSync(join(folder, name)).map((file) => join(name, file)),
    );
    for (const file of ['pipehat.yaml', ...files]) edit(file, elsewhere);
    writeShims();
  });

  after(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('holds word for word', async function () {
    this.timeout(240_000);
    const page = readFileSync(join(ROOT, 'README.md'), 'utf8');
    expect(page).to.include(`\`${EDITED}\``);
    const steps = readTour(elsewhere(page), HEADING);
    expect(steps.length).to.be.greaterThan(10);
    for (const step of steps) {
      if (step.kind === 'edit') {
        edit(EDITED, (text) => {
          expect(text.split(`\n${step.before}\n`), step.before).to.have.length(2);
          return text.replace(step.before, step.after);
        });
      } else if (step.command === 'npm start') {
        const printed = await start();
        if (step.printed !== undefined) expectShown(step.command, printed, step.printed);
      } else await type(step.command, step.printed);
    }
  });

  /** Runs the command; again until it prints what is shown, since the engine goes on meanwhile. */
  async function type(command: string, shown: string | undefined): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const { code, printed } = await shell(command);
      if (shown === undefined) {
        expect(code, `${command}\n${printed}`).to.equal(0);
        return;
      }
      if (isAsShown(printed, shown)) return;
      if (performance.now() > deadline) expectShown(command, printed, shown);
      await sleep(200);
    }
  }

  function expectShown(command: string, printed: string, shown: string): void {
    if (!isAsShown(printed, shown)) expect(printed, command).to.equal(shown);
  }

  function shell(command: string): Promise<{ code: number; printed: string }> {
    return new Promise((done) => {
      execFile('/bin/sh', ['-c', command], { cwd: folder, env: environment() }, (error, stdout, stderr) => {
        done({ code: error === null ? 0 : Number(error.code), printed: stdout + stderr });
      });
    });
  }

  /** Starts the engine, after a Ctrl-C for the one that runs, and gives what it printed. */
  async function start(): Promise<string> {
    await stop();
    const started = spawn('/bin/sh', ['-c', 'exec npm start'], { cwd: folder, env: environment() });
    engine = started;
    let printed = '';
    return new Promise((up, failed) => {
      started.stderr.on('data', (chunk) => {
        printed += chunk;
      });
      started.stdout.on('data', (chunk) => {
        printed += chunk;
        if (UP.test(printed)) up(printed);
      });
      started.once('exit', (code) => failed(new Error(`npm start ended with ${code}: ${printed}`)));
    });
  }

  async function stop(): Promise<void> {
    if (engine?.exitCode !== null) return;
    engine.kill('SIGINT');
    const [code] = await once(engine, 'exit');
    expect(code).to.equal(0);
  }

  function edit(file: string, change: (text: string) => string): void {
    const path = join(folder, file);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  }

  /** `npm start` and `npx pipehat` of this Pipehat in the folder of the tour, which has no packages. */
  function writeShims(): void {
    const run = `exec "${process.execPath}" "${join(ROOT, 'src/cli.ts')}"`;
    mkdirSync(join(folder, 'bin'));
    const shim = (name: string, text: string) =>
      writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    shim('npx', `shift\n${run} "$@"`);
    shim('npm', `test "$1" = ci || ${run} "$1"`);
  }

  function environment(): NodeJS.ProcessEnv {
    return { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder };
  }
});

/** Puts free ports in the place of the demo's. */
async function onFreePorts(): Promise<(text: string) => string> {
  const servers = PORTS.map(() => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const free = servers.map((server) => String((server.address() as AddressInfo).port));
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return (text) =>
    text.replaceAll(new RegExp(`\\b(${PORTS.join('|')})\\b`, 'g'), (port) => free[PORTS.indexOf(port)]!);
}
