/** Wrapped data keys, in the order in which they were made. */
import type { Queryable } from './database.ts';

/** A row of `data_key`. */
export interface DataKeyRow {
  readonly id: number;
  readonly tenant: string;
  readonly wrapped: Buffer;
  readonly created_at: Date;
}

/** The tenant's keys, oldest first. */
export async function readDataKeys(db: Queryable, tenant: string): Promise<DataKeyRow[]> {
  const { rows } = await db.query<DataKeyRow>({
    text: 'select id, tenant, wrapped, created_at from data_key where tenant = $1 order by id',
    values: [tenant],
  });
  return rows;
}

/** Adds a key and gives its row. */
export async function addDataKey(db: Queryable, tenant: string, wrapped: Buffer): Promise<DataKeyRow> {
  const { rows } = await db.query<DataKeyRow>({
    text: 'insert into data_key (tenant, wrapped) values ($1, $2) returning id, tenant, wrapped, created_at',
    values: [tenant, wrapped],
  });
  return rows[0]!;
}
