/**
 * Logs: one JSON line each (or a readable line on a terminal). A line carries ids, types, codes and counts; never a
 * body, never a field of a message. `Facts` allows no object, so that none slips in.
 */
import winston from 'winston';

/** Facts of a log line: ids, codes, counts, durations with their unit in the name. */
export type Facts = Readonly<Record<string, string | number | boolean | undefined>> & {
  /** Names that the line itself has. */
  readonly [own in 'level' | 'message' | 'timestamp']?: never;
};

/** What every part of Pipehat logs through. */
export interface Log {
  debug(says: string, facts?: Facts): void;
  info(says: string, facts?: Facts): void;
  warn(says: string, facts?: Facts): void;
  error(says: string, facts?: Facts): void;
  /** A log whose lines all carry `facts`. */
  with(facts: Facts): Log;
}

/** `level` as in winston; `form` is `json` for machines and `text` for a terminal. Writes to standard error. */
export function createLog(options: { level: string; form: 'json' | 'text' }): Log {
  const { combine, timestamp, json, printf } = winston.format;
  const text = printf(({ timestamp: at, level, message, ...facts }) => {
    const rest = Object.entries(facts).map(([name, value]) => `${name}=${value}`);
    return [at, level.padEnd(5), message, ...rest].join(' ');
  });
  const logger = winston.createLogger({
    level: options.level,
    format: combine(timestamp(), options.form === 'json' ? json() : text),
    transports: [new winston.transports.Stream({ stream: process.stderr })],
  });
  return wrap(logger, {});
}

function wrap(logger: winston.Logger, always: Facts): Log {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (says: string, facts: Facts = {}) => {
      logger.log(level, says, { ...always, ...facts });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (facts) => wrap(logger, { ...always, ...facts }),
  };
}
