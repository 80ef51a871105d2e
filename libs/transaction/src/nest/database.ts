import type { ModuleRef } from '@nestjs/core';
import type { DataSource } from 'typeorm';
import { InvalidOption } from '../errors.js';
import type { HalfmqModuleOptions, MakeTransactions } from './options.js';

const NO_DATABASE =
  'there is no DataSource; import TypeOrmModule.forRoot, or give a dataSource, or transactions of another adapter, to ' +
  'HalfmqModule.forRootAsync';

/** The application's transactions, not yet made, or why there are none. */
export type FoundDatabase =
  { readonly make: MakeTransactions; readonly group: string } | { readonly missing: string };

/**
 * Those the module was given, else those on the application's TypeORM data source.
 * @throws InvalidOption when it was given two
 */
export async function findDatabase(
  options: HalfmqModuleOptions,
  moduleRef: ModuleRef,
): Promise<FoundDatabase> {
  if (options.transactions && options.dataSource) {
    throw new InvalidOption('HalfmqModule was given a dataSource and transactions: one of them is enough');
  }
  const make = options.transactions ?? (await onTypeOrm(options.dataSource, moduleRef));
  if (!make) return { missing: NO_DATABASE };
  const { group } = options;
  if (group === undefined) {
    return { missing: 'the producer group is missing; say HalfmqModule.forRoot({ group })' };
  }
  return { make, group };
}

async function onTypeOrm(
  given: DataSource | undefined,
  moduleRef: ModuleRef,
): Promise<MakeTransactions | undefined> {
  const dataSource = given ?? (await findDataSource(moduleRef));
  if (!dataSource) return undefined;
  const { TypeOrmTransactions } = await import('../typeorm/typeorm-transactions.js');
  return (parts) => new TypeOrmTransactions({ ...parts, dataSource });
}

/** The application's default DataSource, where TypeORM is installed and one was made. */
async function findDataSource(moduleRef: ModuleRef): Promise<DataSource | undefined> {
  const typeorm = await import('typeorm').catch(() => undefined);
  if (!typeorm) return undefined;
  try {
    return moduleRef.get(typeorm.DataSource, { strict: false });
  } catch {
    return undefined;
  }
}
