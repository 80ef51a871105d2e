import type { PostgresServer } from '../../kit/postgres.js';
import { TOPICS } from './told.js';

/** COMMIT of a transaction that wrote into `slow` takes so long: it is asked about meanwhile. */
export const TABLES = `
  CREATE TABLE orders (id uuid PRIMARY KEY);
  CREATE TABLE effects (id uuid NOT NULL, topic text NOT NULL);
  CREATE INDEX ON effects (id, topic);
  CREATE TABLE slow (seconds float8);
  CREATE FUNCTION wait() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(NEW.seconds); RETURN NULL; END' LANGUAGE plpgsql;
  CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()`;

export interface Invariant {
  readonly name: string;
  /** one line for each of the first that break it */
  readonly broken: readonly string[];
}

interface Effects {
  readonly id: string;
  readonly topic: string;
  readonly effects: number;
}

const SHOWN = 5;
const EACH = `SELECT o.id, t.topic, count(e.id)::int AS effects
  FROM orders o CROSS JOIN unnest($1::text[]) AS t(topic) LEFT JOIN effects e ON e.id = o.id AND e.topic = t.topic
  GROUP BY o.id, t.topic`;
const MISSING = `SELECT id, topic, effects FROM (${EACH}) AS each WHERE effects = 0 LIMIT ${SHOWN}`;
const DOUBLE = `SELECT id, topic, effects FROM (${EACH}) AS each WHERE effects > 1 LIMIT ${SHOWN}`;
const STRANGERS = `SELECT e.id, e.topic, 1 AS effects FROM effects e LEFT JOIN orders o ON o.id = e.id
  WHERE o.id IS NULL LIMIT ${SHOWN}`;

/** What the database says. */
export async function databaseInvariants(postgres: PostgresServer, database: string): Promise<Invariant[]> {
  const ask = async (name: string, sql: string, parameters: unknown[]): Promise<Invariant> => {
    const rows = (await postgres.query(database, sql, parameters)) as unknown as Effects[];
    return { name, broken: rows.map(({ id, topic, effects }) => `${id} in ${topic}: ${effects}`) };
  };
  const topics = [[...TOPICS]];
  return [
    await ask('each committed order has its effect', MISSING, topics),
    await ask('no effect came twice', DOUBLE, topics),
    await ask('no effect of an order that was rolled back', STRANGERS, []),
  ];
}

/** Orders whose effects are not all there yet. */
export async function missing(postgres: PostgresServer, database: string): Promise<number> {
  return (await postgres.query(database, MISSING, [[...TOPICS]])).length;
}

/** @param undecided half messages the broker has no verdict on, when nobody works any more */
export function nothingInDoubt(undecided: readonly string[]): Invariant {
  return { name: 'nothing is in doubt for ever', broken: undecided.slice(0, SHOWN) };
}
