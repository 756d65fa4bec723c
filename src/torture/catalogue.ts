/** All cases, in the order in which they run: the plain ones first, those that may tire a receiver last. */
import type { Case } from './case.ts';
import { acknowledgement } from './groups/acknowledgement.ts';
import { charset } from './groups/charset.ts';
import { connections } from './groups/connections.ts';
import { delimiters } from './groups/delimiters.ts';
import { duplicate } from './groups/duplicate.ts';
import { enhanced } from './groups/enhanced.ts';
import { flood } from './groups/flood.ts';
import { framing } from './groups/framing.ts';
import { noise } from './groups/noise.ts';
import { patience } from './groups/patience.ts';
import { refusal } from './groups/refusal.ts';
import { restart } from './groups/restart.ts';
import { sender } from './groups/sender.ts';
import { size } from './groups/size.ts';

/** What a receiver is judged by. */
export const receiverCases: readonly Case[] = [
  ...[...framing, ...noise, ...acknowledgement, ...refusal, ...enhanced, ...duplicate],
  ...[...charset, ...delimiters, ...size, ...patience, ...connections, ...flood, ...restart],
];

/** What a sender is judged by. */
export const senderCases: readonly Case[] = sender;

/** `group/case`. */
export function nameOf({ group, id }: Case): string {
  return `${group}/${id}`;
}

/** Whether `chosen` (`group` or `group/case`) names this one. */
export function isChosen(one: Case, chosen: readonly string[]): boolean {
  return chosen.length === 0 || chosen.includes(one.group) || chosen.includes(nameOf(one));
}
