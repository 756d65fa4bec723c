/** Bytes as text for eyes alone, whatever they are. */
import { isUtf8 } from 'node:buffer';
import { PipehatError } from '../errors.ts';
import { decode } from './charset.ts';
import { readHeader } from './header.ts';

/** A message or an answer to show, never to judge by: by its MSH-18 where that reads it, else as UTF-8 or Latin-1. */
export function readable(bytes: Uint8Array, fallback: readonly string[] = []): string {
  try {
    return decode(bytes, readHeader(bytes, fallback).charset, fallback).text;
  } catch (error) {
    if (!(error instanceof PipehatError)) throw error;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
      isUtf8(bytes) ? 'utf8' : 'latin1',
    );
  }
}
