import { Controller } from '@nestjs/common';
import {
  deleteKvConfig,
  DONE,
  encodeKvTable,
  getKvConfig,
  getKvlistByNamespace,
  putKvConfig,
  StatusError,
  type DeleteKvConfigHeader,
  type GetKvConfigHeader,
  type GetKvlistByNamespaceHeader,
  type Outcome,
  type PutKvConfigHeader,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { KvConfig } from './kv.js';

/** The key-value table, as tools read and write it. Remarks are RocketMQ's. */
@Controller()
export class KvHandlers {
  constructor(private readonly kv: KvConfig) {}

  @Request(putKvConfig)
  put({ namespace, key, value }: PutKvConfigHeader): Outcome {
    this.kv.put(namespace, key, value);
    return DONE;
  }

  @Request(getKvConfig)
  get({ namespace, key }: GetKvConfigHeader): Outcome {
    const value = this.kv.get(namespace, key);
    if (value === undefined) {
      throw new StatusError('QUERY_NOT_FOUND', `No config item, Namespace: ${namespace} Key: ${key}`);
    }
    return { status: 'OK', header: { value } };
  }

  @Request(deleteKvConfig)
  delete({ namespace, key }: DeleteKvConfigHeader): Outcome {
    this.kv.delete(namespace, key);
    return DONE;
  }

  @Request(getKvlistByNamespace)
  list({ namespace }: GetKvlistByNamespaceHeader): Outcome {
    const table = this.kv.list(namespace);
    if (!table) throw new StatusError('QUERY_NOT_FOUND', `No config item, Namespace: ${namespace}`);
    return { status: 'OK', body: encodeKvTable(table) };
  }
}
