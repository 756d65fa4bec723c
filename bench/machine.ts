/** Where figures come from: without it they mean nothing. */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { readVersion } from '../src/main.ts';

/** This machine, and what runs on it. */
export interface Machine {
  readonly date: string;
  readonly pipehat: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memory_bytes: number;
  /** Of the minute before: what else the machine was doing. */
  readonly load: number;
}

/** Asks this machine. */
export async function readMachine(): Promise<Machine> {
  return {
    date: new Date().toISOString(),
    pipehat: await readVersion(),
    node: process.versions.node,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_bytes: totalmem(),
    load: loadavg()[0]!,
  };
}
