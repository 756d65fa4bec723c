/** `transform`: a mapping makes the content of the canonical event. */
import type { Mapping } from '../mapping/mapping.ts';

/** A transform as the channel file gives it. */
export interface TransformStep {
  readonly kind: 'transform';
  /** Number and text of the step, for traces. */
  readonly label: string;
  readonly mapping: Mapping;
  /** Resource types that the mapping makes only when it is asked to. */
  readonly include: readonly string[];
}
