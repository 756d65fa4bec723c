/**
 * Where the data of `hl7v2-dictionary` says something else than the standard, and valid messages would break it. Each
 * line says what is right and why.
 */
import { isBefore } from './version.ts';

/** What the package has of a field or component. */
interface Facts {
  readonly type?: string;
  readonly opt?: 'R' | 'O' | 'C' | 'B';
  readonly rep?: number | 'infinite';
  readonly len?: number;
}

interface Correction {
  /** Fields as `OBX-2`, components as `TS.1`. */
  readonly places: readonly string[];
  /** Versions from the first to before the second; undefined: no limit. */
  readonly from?: string;
  readonly before?: string;
  readonly is: Facts;
  readonly because: string;
}

/** All of them. */
export const corrections: readonly Correction[] = [
  {
    places: ['OBX-2'],
    from: '2.5.1',
    before: '2.6',
    is: { rep: 1 },
    because: 'the number of its table, 125, stands in the column of repetitions',
  },
  {
    places: ['OBX-2'],
    before: '2.7',
    is: { len: 3 },
    because: 'table 0125 has types of three letters, such as CWE and XPN, and later prints say 3',
  },
  {
    places: ['MSH-9'],
    from: '2.3.1',
    before: '2.4',
    is: { len: 15 },
    because: 'the length is that of 2.3, and 2.3.1 put the structure behind the event',
  },
  {
    places: ['OBX-4'],
    is: { opt: 'C' },
    because: 'chapter 7 wants a sub-id only where several OBX answer one OBR-4 or OBX-3',
  },
  {
    places: ['OBR-27'],
    is: { opt: 'O' },
    because: 'chapter 4 has it optional in every version',
  },
  {
    places: ['TS.1'],
    before: '2.5',
    is: { type: 'DTM' },
    because: 'chapter 2 gives TS the form of a time stamp long before 2.5 named it DTM',
  },
];

const byPlace = new Map<string, Correction[]>();
for (const correction of corrections) {
  for (const place of correction.places) byPlace.set(place, [...(byPlace.get(place) ?? []), correction]);
}

/** What is right of `place` in `version`; undefined where the package is. */
export function correctionOf(version: string, place: string): Facts | undefined {
  const found = byPlace.get(place)?.filter(({ from, before }) => {
    return (
      (from === undefined || !isBefore(version, from)) && (before === undefined || isBefore(version, before))
    );
  });
  return found && Object.assign({}, ...found.map(({ is }) => is));
}
