import { javaHashCode } from '@halfmq/remoting';
import type { OutgoingMessage } from '../message.js';
import type { KeptMessage, OutboxRows, Reading, WaitingMessage } from '../transaction/outbox.js';
import type { Connection, Row } from './connection.js';

/** Advisory locks of two numbers. "half": one relay at a time on each outbox, by the table's number. */
const RELAY = 0x68616c66;
/** "ordr": one writer at a time of each ordering key, by the key's hash; two keys of one hash wait for each other. */
const ORDER = 0x6f726472;

/** A batch has at most so many messages, and so many bytes unless it is a single one. */
const MOST_MESSAGES = 64;
const MOST_BYTES = 1024 * 1024;

/** What makes the table; every statement may be repeated. */
export function outboxDefinition(table: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic text NOT NULL,
  ordering_key text,
  unique_key text NOT NULL,
  body bytea NOT NULL,
  options text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`,
    `CREATE INDEX IF NOT EXISTS halfmq_outbox_order ON ${table} (topic, ordering_key) WHERE ordering_key IS NOT NULL`,
  ];
}

/** The outbox on PostgreSQL: rows of `halfmq_outbox`. */
export class PostgresOutbox implements OutboxRows {
  constructor(
    private readonly connection: Pick<Connection, 'query'>,
    private readonly table: string,
  ) {}

  async keep(messages: readonly KeptMessage[]): Promise<void> {
    await this.lockKeys(messages.map(({ message }) => message));
    await this.connection.query(
      `INSERT INTO ${this.table} (topic, ordering_key, unique_key, body, options)
       SELECT topic, ordering_key, unique_key, body, options
       FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[])
         WITH ORDINALITY AS kept (topic, ordering_key, unique_key, body, options, place)
       ORDER BY place`,
      [
        messages.map(({ message }) => message.topic),
        messages.map(({ message }) => message.orderingKey ?? null),
        messages.map(({ uniqueKey }) => uniqueKey),
        messages.map(({ message: { body } }) => (typeof body === 'string' ? Buffer.from(body) : body)),
        messages.map(({ message }) => optionsOf(message)),
      ],
    );
  }

  async holds(ordered: readonly OutgoingMessage[]): Promise<boolean> {
    const { rows } = await this.connection.query(
      `SELECT EXISTS (SELECT FROM ${this.table} JOIN unnest($1::text[], $2::text[])
         AS asked (topic, ordering_key) USING (topic, ordering_key)) AS held`,
      [ordered.map(({ topic }) => topic), ordered.map(({ orderingKey }) => orderingKey)],
    );
    return rows[0]?.['held'] === true;
  }

  async take({ after, without }: Reading): Promise<readonly WaitingMessage[] | undefined> {
    const { connection, table } = this;
    // a statement of its own: only the next one sees what the last holder of the lock has deleted
    const locked = await connection.query(
      'SELECT pg_try_advisory_xact_lock($1, to_regclass($2)::oid::int4) AS mine',
      [RELAY, table],
    );
    if (locked.rows[0]?.['mine'] !== true) return undefined;
    const { rows } = await connection.query(
      `SELECT id::text, topic, ordering_key, unique_key, body, options,
         floor(extract(epoch FROM clock_timestamp() - created_at) * 1000)::float8 AS waited
       FROM (SELECT *, sum(octet_length(body)) OVER (ORDER BY id) AS bytes, row_number() OVER (ORDER BY id) AS place
             FROM (SELECT * FROM ${table} WHERE id > $1 AND topic <> ALL ($2::text[])
                   ORDER BY id LIMIT ${MOST_MESSAGES}) AS first) AS next
       WHERE place = 1 OR bytes <= ${MOST_BYTES} ORDER BY id`,
      [after, without],
    );
    return rows.map((row) => waitingOf(row));
  }

  async remove(ids: readonly string[]): Promise<void> {
    await this.connection.query(`DELETE FROM ${this.table} WHERE id = ANY ($1::bigint[])`, [ids]);
  }

  /** By rising hash, so that two transactions of the same keys never wait for each other in a circle. */
  private async lockKeys(messages: readonly OutgoingMessage[]): Promise<void> {
    const hashes = messages.flatMap(({ topic, orderingKey }) =>
      orderingKey === undefined ? [] : [javaHashCode(JSON.stringify([topic, orderingKey]))],
    );
    if (hashes.length === 0) return;
    const sorted = [...new Set(hashes)].sort((a, b) => a - b);
    await this.connection.query('SELECT pg_advisory_xact_lock($1, hash) FROM unnest($2::int4[]) AS hash', [
      ORDER,
      sorted,
    ]);
  }
}

/** All of a message that has no column of its own. */
type Options = Omit<OutgoingMessage, 'topic' | 'body' | 'orderingKey'>;

function optionsOf({ topic: _topic, body: _body, orderingKey: _key, ...options }: OutgoingMessage): string {
  return JSON.stringify(options satisfies Options);
}

function waitingOf(row: Row): WaitingMessage {
  const { id, topic, ordering_key: key, unique_key: uniqueKey, body, options, waited } = row;
  const message = {
    ...(JSON.parse(options as string) as Options),
    topic: topic as string,
    body: body as Buffer,
    orderingKey: (key as string | null) ?? undefined,
  };
  return { id: id as string, uniqueKey: uniqueKey as string, message, waitedMs: waited as number };
}
