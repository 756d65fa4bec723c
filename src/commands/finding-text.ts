/** A finding of validation as one line of text. */
interface Told {
  readonly severity: string;
  readonly path: string;
  readonly rule: string;
  readonly says: string;
  readonly condition: string;
}

/** `error    PID-3.1  field-required  expected a value (ID Number), found nothing  101` */
export function findingText({ severity, path, rule, says, condition }: Told): string {
  return `${severity.padEnd(9)}${path.padEnd(14)} ${rule.padEnd(20)} ${says} (${condition})`;
}
