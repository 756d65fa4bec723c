/** The site and its live figures, as `/v1/status` gives them and the status page shows them. */
import Type, { type Static } from 'typebox';

const Count = Type.Integer({ minimum: 0 });
const Time = Type.String({ format: 'date-time' });

/** What goes through one channel. Counts are since the site began, `waiting` and `connections` are now. */
export const ChannelStatus = Type.Object({
  name: Type.String(),
  source: Type.Object({
    kind: Type.String({ description: 'Such as `mllp`.' }),
    address: Type.String({
      description: 'Where messages come in: `host:port`, or the path of a folder.',
    }),
  }),
  to: Type.Array(Type.String(), { description: 'Names of the destinations it routes to.' }),
  received: Count,
  processed: Count,
  filtered: Count,
  failed: Count,
  rejected: Count,
  waiting: Count,
  oldest_waiting_ms: Count,
  connections: Count,
});
export type ChannelStatus = Static<typeof ChannelStatus>;

/** What goes to one destination. `held`, `ambiguous` and `waiting` are now, the others since the site began. */
export const DestinationStatus = Type.Object({
  name: Type.String(),
  kind: Type.String({ description: 'Such as `fhir`.' }),
  delivered: Count,
  waiting: Count,
  held: Count,
  ambiguous: Count,
  rejected: Count,
  oldest_waiting_ms: Count,
});
export type DestinationStatus = Static<typeof DestinationStatus>;

export const Status = Type.Object({
  site: Type.String(),
  version: Type.String(),
  started_at: Time,
  channels: Type.Array(ChannelStatus),
  destinations: Type.Array(DestinationStatus),
});
export type Status = Static<typeof Status>;

/** One thing that must work before messages can be taken: the database, the queues, a listener. */
export const Check = Type.Object({ name: Type.String(), ok: Type.Boolean(), says: Type.String() });
export type Check = Static<typeof Check>;

export const Readiness = Type.Object({ ready: Type.Boolean(), checks: Type.Array(Check) });
