/** The figures as text. */
import { table } from '../src/commands/table.ts';
import type { Compared, Figures } from './figures.ts';
import type { FramingRate } from './framing.ts';
import type { Large } from './large.ts';
import type { Flow } from './measure.ts';
import type { Latency } from './sender.ts';
import type { Only } from './works.ts';

/** Everything, for a terminal. */
export function report({ machine, settings, works, large, mapping, reading, framing }: Figures): string {
  const { cpu, cores, memory_bytes, load } = machine;
  const versions = [`Pipehat ${machine.pipehat}`, `Node ${machine.node}`];
  if (works[0] !== undefined) versions.push(`PostgreSQL ${works[0].postgres}`);
  return [
    `${versions.join(', ')}; ${machine.date}`,
    `${cpu}, ${cores} cores, ${gigabytes(memory_bytes)} of memory, load ${load.toFixed(1)} before the start`,
    `${settings.connections} connections with one message in flight each; windows of ${settings.seconds} s after a warm-up;`,
    'sealing, audit and order per patient are on; sender, receiver and PostgreSQL share this machine',
    ...works.map(work),
    ...(large === undefined ? [] : [largeWork(large)]),
    ...(mapping.length === 0
      ? []
      : [`\nread and map alone, CPU time\n${indent(table(mappingRows(mapping)))}`]),
    ...(reading.length === 0
      ? []
      : [`\nread alone, CPU time of one core\n${indent(table(readingRows(reading)))}`]),
    ...(framing === undefined
      ? []
      : [`\nMLLP frames alone, from memory, CPU time\n${indent(table(framingRows(framing)))}`]),
  ].join('\n');
}

function work({ title, engine, floor }: Compared): string {
  const ratio = Math.round((engine.delivered_a_second / floor.delivered_a_second) * 100);
  const rows = [
    ['', 'acknowledged', 'delivered', 'ACK at half load', 'CPU a message', 'transactions', 'WAL', 'memory'],
    ['', '/s', '/s', 'p50 / p99 ms', 'own + PostgreSQL ms', 'a message', 'kB a message', 'end / peak MB'],
    ['engine', ...flow(engine)],
    ['floor', ...flow(floor)],
  ];
  return `\n${title}: ${ratio} % of the floor\n${indent(table(rows))}`;
}

function largeWork({ rate, without, sizes }: Large): string {
  const small = ({ p50_ms, p99_ms, most_ms }: Latency): string =>
    `${p50_ms.toFixed(1)} / ${p99_ms.toFixed(1)} / ${most_ms.toFixed(0)}`;
  const rows = [
    ['', 'ACK', 'arrived', 'memory', 'passed', 'ACK of small ones meanwhile'],
    ['', 'ms', 'ms', 'sizes', '', 'p50 / p99 / most ms'],
    ['none', '', '', '', '', small(without)],
    ...sizes.map(({ document_bytes, ack_ms, arrived_ms, memory_ratio, passed, small: meanwhile }) => [
      `${megabytes(document_bytes)} MB`,
      ...[ack_ms.toFixed(0), arrived_ms.toFixed(0), memory_ratio?.toFixed(1) ?? '?', String(passed)],
      small(meanwhile),
    ]),
  ];
  return `\na PDF in OBX-5, MLLP to FHIR, among ${rate} small messages a second on other connections\n${indent(table(rows))}`;
}

function flow({ cost, half_load, ...flow }: Flow): string[] {
  return [
    flow.acknowledged_a_second.toFixed(0),
    flow.delivered_a_second.toFixed(0),
    `${half_load.p50_ms.toFixed(1)} / ${half_load.p99_ms.toFixed(1)}`,
    `${cost.cpu_ms.toFixed(2)} + ${cost.postgres_cpu_ms?.toFixed(2) ?? '?'}`,
    cost.transactions.toFixed(2),
    (cost.wal_bytes / 1000).toFixed(1),
    `${megabytes(flow.rss_bytes)} / ${megabytes(flow.peak_rss_bytes)}`,
  ];
}

function mappingRows(mapping: Figures['mapping']): string[][] {
  return [
    ['', 'read and map', 'resources', 'validate one', 'by validateResource', 'all maps compiled in'],
    ...mapping.map((one) => [
      one.messages.toUpperCase(),
      `${one.us_a_message.toFixed(0)} µs`,
      one.resources_a_message.toFixed(0),
      `${one.validate_us.toFixed(1)} µs`,
      `${one.validate_resource_us.toFixed(0)} µs`,
      `${one.compile_ms.toFixed(0)} ms`,
    ]),
  ];
}

function readingRows(reading: Figures['reading']): string[][] {
  return [
    ['', 'reader', 'messages /s', 'µs a message', 'bytes a message', 'memory kept, × its size'],
    ...reading.map(({ messages, reader, us_a_message, bytes_a_message, kept_bytes_a_message }) => [
      READ[messages],
      reader,
      (1e6 / us_a_message).toFixed(0),
      us_a_message.toFixed(2),
      bytes_a_message.toFixed(0),
      (kept_bytes_a_message / bytes_a_message).toFixed(1),
    ]),
  ];
}

/** What is read of each kind. */
const READ: Readonly<Record<Only, string>> = {
  adt: 'ADT: every field of MSH, PID, PV1',
  oru: 'ORU: every field of every OBX',
};

function framingRows({ frame_bytes, bytes_a_second, peer_bytes_a_second }: FramingRate): string[][] {
  const row = (who: string, rate: number) => [
    who,
    `${(rate / 1e9).toFixed(2)} GB/s`,
    `${(rate / frame_bytes / 1000).toFixed(0)} thousand frames /s of ${(frame_bytes / 1000).toFixed(1)} kB`,
  ];
  return [row('framer', bytes_a_second), row('node-hl7-client, a frame at a time', peer_bytes_a_second)];
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(0)} GB`;
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '  ');
}
