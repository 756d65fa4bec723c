/**
 * Figures for Prometheus. Labels hold names of channels and destinations and codes, never anything from a message.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ConnectionRefusal } from './component.ts';
import type { ErrorClass, ErrorCode } from './errors.ts';

/** How much waits in front of a channel or a destination, over all of its lanes. */
export interface LaneReading {
  readonly kind: 'channel' | 'destination';
  readonly name: string;
  /** Messages or deliveries that wait. */
  readonly depth: number;
  /** Age of the oldest of them; 0 when nothing waits. */
  readonly oldest_ms: number;
}

/** What the engine reports, as it happens. Each call is synchronous and takes about a microsecond. */
export interface Metrics {
  /** A frame came in, whatever becomes of it. */
  received(channel: string): void;
  /** AA or CA left, `after_ms` milliseconds after the last byte of the message came in. */
  acknowledged(channel: string, after_ms: number): void;
  /** AE or AR left. */
  rejected(channel: string, code: ErrorCode): void;
  /** A resend got the first answer again. */
  duplicate(channel: string): void;
  /** Validation found `count` places that break a rule. */
  found(channel: string, rule: string, count: number): void;
  /** A message went through its channel. */
  processed(channel: string, result: 'processed' | 'filtered' | 'failed'): void;
  /** The receiver accepted a delivery, `after_ms` milliseconds after its message was received. */
  delivered(channel: string, destination: string, after_ms: number): void;
  /** An attempt brought something else. */
  failed(destination: string, errorClass: ErrorClass): void;
  /** The number of open connections changed to `open`. */
  connections(channel: string, open: number): void;
  /** A connection, or a request, was turned away. */
  connectionRefused(channel: string, reason: ConnectionRefusal): void;
  /** A keep-alive came in. */
  keepAlive(channel: string): void;
  /** The certificate in use is valid until `ends`. */
  certificate(kind: LaneReading['kind'], name: string, ends: Date): void;
  /** Gives where to read how much memory messages on their way in take. */
  intakeMemory(used_bytes: () => number): void;
  /** Everything in the text form of Prometheus 0.0.4. Lanes are read now. */
  text(): Promise<string>;
}

const ackBuckets = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const deliveryBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

/**
 * Metrics with a registry of their own. `readLanes` is called once for each `text()`; when it rejects, the lane gauges
 * are left out and `pipehat_lane_readings_failed_total` grows, so that the rest is there while the database is away.
 */
export function createMetrics(readLanes: () => Promise<readonly LaneReading[]>): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `pipehat_${name}_total`, help, labelNames, registers: [registry] });
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Gauge({ name: `pipehat_${name}`, help, labelNames, registers: [registry] });
  const histogram = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    buckets: number[],
  ) => new Histogram({ name: `pipehat_${name}_seconds`, help, labelNames, buckets, registers: [registry] });

  const received = counter('received', 'Messages received.', ['channel']);
  const acknowledged = counter('acknowledged', 'Messages answered with AA or CA.', ['channel']);
  const rejected = counter('rejected', 'Messages answered with AE or AR, by reason.', ['channel', 'code']);
  const duplicates = counter('duplicates', 'Resends that got the first answer again.', ['channel']);
  const findings = counter('findings', 'Places that break a rule of validation.', ['channel', 'rule']);
  const processed = counter('processed', 'Messages that went through their channel, by result.', [
    'channel',
    'result',
  ]);
  const delivered = counter('delivered', 'Deliveries that the receiver accepted.', ['destination']);
  const failed = counter('failed', 'Attempts that brought no acceptance, by class of error.', [
    'destination',
    'class',
  ]);
  const connections = gauge('open_connections', 'Open connections of the source.', ['channel']);
  const refusedConnections = counter(
    'connections_refused',
    'Connections and requests turned away, by reason.',
    ['channel', 'reason'],
  );
  const keepAlives = counter('keep_alives', 'Keep-alives that came in between messages.', ['channel']);
  const certificates = gauge(
    'certificate_expiry_timestamp_seconds',
    'When the certificate in use ends, in Unix time.',
    ['kind', 'name'],
  );
  const intake = gauge('intake_memory_bytes', 'Memory that messages on their way in take.', []);
  const depth = gauge('lane_depth', 'Messages or deliveries that wait.', ['kind', 'name']);
  const oldest = gauge('lane_oldest_seconds', 'Age of the oldest that waits.', ['kind', 'name']);
  const readingsFailed = counter('lane_readings_failed', 'Times that the lanes could not be read.', []);
  const ackLatency = histogram(
    'ack_latency',
    'From the last byte of a message to its AA or CA.',
    ['channel'],
    ackBuckets,
  );
  const deliveryLatency = histogram(
    'delivery_latency',
    'From received to accepted by the receiver.',
    ['channel', 'destination'],
    deliveryBuckets,
  );

  let readIntake = () => 0;

  const setLanes = async () => {
    depth.reset();
    oldest.reset();
    try {
      for (const lane of await readLanes()) {
        depth.set({ kind: lane.kind, name: lane.name }, lane.depth);
        oldest.set({ kind: lane.kind, name: lane.name }, lane.oldest_ms / 1000);
      }
    } catch {
      readingsFailed.inc();
    }
  };

  return {
    received: (channel) => received.inc({ channel }),
    acknowledged: (channel, after_ms) => {
      acknowledged.inc({ channel });
      ackLatency.observe({ channel }, after_ms / 1000);
    },
    rejected: (channel, code) => rejected.inc({ channel, code }),
    duplicate: (channel) => duplicates.inc({ channel }),
    found: (channel, rule, count) => findings.inc({ channel, rule }, count),
    processed: (channel, result) => processed.inc({ channel, result }),
    delivered: (channel, destination, after_ms) => {
      delivered.inc({ destination });
      deliveryLatency.observe({ channel, destination }, after_ms / 1000);
    },
    failed: (destination, errorClass) => failed.inc({ destination, class: errorClass }),
    connections: (channel, open) => connections.set({ channel }, open),
    connectionRefused: (channel, reason) => refusedConnections.inc({ channel, reason }),
    keepAlive: (channel) => keepAlives.inc({ channel }),
    certificate: (kind, name, ends) => certificates.set({ kind, name }, ends.getTime() / 1000),
    intakeMemory: (used_bytes) => {
      readIntake = used_bytes;
    },
    text: async () => {
      intake.set(readIntake());
      await setLanes();
      return registry.metrics();
    },
  };
}
