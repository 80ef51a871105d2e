import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** topic → "brokerA:8;brokerB:8": the queues of topics that must keep their order while brokers come and go */
export const ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG';

/**
 * The key-value table of the name server: namespace → key → value. With a file it is read at start and written
 * whole at every change, beside the old one and then renamed over it: a killed process leaves the one or the other.
 * The file has RocketMQ's shape, {"configTable":{namespace:{key:value}}}.
 */
export class KvConfig {
  private readonly namespaces = new Map<string, Map<string, string>>();

  /** @throws Error naming the file when it exists and is not such a table */
  constructor(private readonly file?: string) {
    if (file === undefined) return;
    const text = readIfThere(file);
    if (text !== undefined) this.load(text, file);
  }

  get(namespace: string, key: string): string | undefined {
    return this.namespaces.get(namespace)?.get(key);
  }

  /** The whole namespace; undefined when nothing was ever put into it. */
  list(namespace: string): ReadonlyMap<string, string> | undefined {
    return this.namespaces.get(namespace);
  }

  put(namespace: string, key: string, value: string): void {
    const table = this.namespaces.get(namespace) ?? new Map<string, string>();
    this.namespaces.set(namespace, table.set(key, value));
    this.persist();
  }

  delete(namespace: string, key: string): void {
    if (this.namespaces.get(namespace)?.delete(key)) this.persist();
  }

  private persist(): void {
    if (this.file === undefined) return;
    const configTable = Object.fromEntries(
      [...this.namespaces].map(([namespace, table]) => [namespace, Object.fromEntries(table)]),
    );
    mkdirSync(dirname(this.file), { recursive: true });
    writeFileSync(`${this.file}.new`, JSON.stringify({ configTable }));
    renameSync(`${this.file}.new`, this.file);
  }

  private load(text: string, file: string): void {
    const configTable = configTableOf(text);
    if (!configTable)
      throw new Error(`${file} is no key-value table: expected {"configTable":{namespace:{key:value}}}`);
    for (const [namespace, table] of Object.entries(configTable)) {
      this.namespaces.set(
        namespace,
        new Map(Object.entries(table).map(([key, value]) => [key, String(value)])),
      );
    }
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function configTableOf(text: string): Record<string, Record<string, unknown>> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const table = isObject(parsed) ? parsed['configTable'] : undefined;
  return isObject(table) && Object.values(table).every(isObject)
    ? (table as Record<string, Record<string, unknown>>)
    : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
