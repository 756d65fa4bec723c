/**
 * The states of messages and deliveries: two axes, their legal moves, and what a person should do in each.
 * The same words stand in the database, the API, the screen and the documentation.
 */

/** What became of a message. */
export type MessageState = 'received' | 'processed' | 'filtered' | 'failed' | 'rejected';

/** What became of a delivery. */
export type DeliveryState =
  | 'pending'
  | 'validated'
  | 'submitted'
  | 'acknowledged'
  | 'verified'
  | 'reconciled'
  | 'held'
  | 'ambiguous'
  | 'conflict'
  | 'rejected'
  | 'cancelled';

/** A state: what it means, where it can go, and what a person should do who finds something in it. */
export interface StateDefinition<State extends string> {
  readonly means: string;
  readonly next: readonly State[];
  readonly person: string;
}

export const messageStates: Readonly<Record<MessageState, StateDefinition<MessageState>>> = {
  received: {
    means:
      'Committed, and acknowledged unless its channel does that later; waits in its lane for the channel.',
    next: ['processed', 'filtered', 'failed'],
    person: 'Nothing. If it stays long, look at /readyz and at the lane in front of it.',
  },
  processed: {
    means: 'The channel made its event and its deliveries.',
    next: ['received'],
    person: 'Nothing. A replay sends it through the channel again.',
  },
  filtered: {
    means: 'A filter of the channel let it go no further.',
    next: ['received'],
    person: 'Nothing, unless the filter is wrong: mend it and replay.',
  },
  failed: {
    means: 'The channel could not make an event of it. Its bytes are kept.',
    next: ['received'],
    person: 'Read the error, mend the mapping or the sender, then replay.',
  },
  rejected: {
    means: 'Refused at intake (answered AE or AR, as a rule) and not processed. Its bytes are kept.',
    next: [],
    person: 'Read the error, mend the sender or the channel; the sender has to send again.',
  },
};

export const deliveryStates: Readonly<Record<DeliveryState, StateDefinition<DeliveryState>>> = {
  pending: {
    means: 'Waits in its lane.',
    next: ['validated', 'submitted', 'held', 'cancelled'],
    person: 'Nothing. If it stays long, look at what is held in front of it.',
  },
  validated: {
    means: 'All gates let it through.',
    next: ['submitted', 'held', 'cancelled'],
    person: 'Nothing.',
  },
  submitted: {
    means: 'Being sent: the receiver may have it, and has not answered yet.',
    next: ['acknowledged', 'held', 'ambiguous', 'conflict', 'rejected'],
    person: 'Nothing. After a crash the engine settles it by the rule of its system.',
  },
  acknowledged: {
    means: 'The receiver said yes.',
    next: ['verified', 'conflict', 'rejected'],
    person: 'Nothing.',
  },
  verified: {
    means: 'Read back and found as meant.',
    next: ['reconciled', 'conflict'],
    person: 'Nothing.',
  },
  reconciled: {
    means: 'Found again, as meant, by the scheduled comparison.',
    next: ['conflict'],
    person: 'Nothing.',
  },
  held: {
    means: 'Waits for its next attempt. Deliveries of the same order key wait behind it.',
    next: ['submitted', 'cancelled'],
    person: 'Look at the error of the last attempt; the engine tries again by itself.',
  },
  ambiguous: {
    means: 'Sent, and no answer came. The same order key waits behind it.',
    next: ['submitted', 'acknowledged', 'rejected', 'cancelled'],
    person: 'Look at the receiver whether it is there, then settle it.',
  },
  conflict: {
    means: 'The record changed since it was read.',
    next: ['submitted', 'cancelled'],
    person: 'Compare both and decide.',
  },
  rejected: {
    means: 'The receiver said no for good. Later deliveries go on.',
    next: ['cancelled'],
    person: 'Read the answer, mend the cause, then replay the message.',
  },
  cancelled: {
    means: 'A person decided that it is not to be sent.',
    next: [],
    person: 'Nothing.',
  },
};
