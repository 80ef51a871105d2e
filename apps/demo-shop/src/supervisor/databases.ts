import { Client } from 'pg';
import { SERVICES, type ServiceName } from './messages.js';

/** Makes a database for each service where it does not exist, and answers their addresses. */
export async function prepareDatabases(serverUrl: string): Promise<Readonly<Record<ServiceName, string>>> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database');
    const present = new Set(rows.map((row) => row.datname));
    for (const service of SERVICES) {
      if (!present.has(databaseName(service))) await client.query(`CREATE DATABASE ${databaseName(service)}`);
    }
  } finally {
    await client.end();
  }
  const address = (service: ServiceName): string => {
    const url = new URL(serverUrl);
    url.pathname = `/${databaseName(service)}`;
    return url.toString();
  };
  return { order: address('order'), payment: address('payment'), stock: address('stock') };
}

/**
 * Orders of an earlier run, in a database that was kept while the broker's store was not, are nothing this run could
 * bring to an end: the board leaves them out.
 */
export async function beginCount(orderUrl: string): Promise<void> {
  const client = new Client({ connectionString: orderUrl });
  await client.connect();
  try {
    await client.query("UPDATE board SET since = date_trunc('milliseconds', now())");
  } finally {
    await client.end();
  }
}

function databaseName(service: ServiceName): string {
  return `halfmq_shop_${service}`;
}
