import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  existsSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { StoreError } from './message-store.js';

/** Raised with every change an older version could not read. */
export const FORMAT = 1;
const FILE = 'store.json';

/** What a store folder says about itself. Written once, when the folder is made. */
export interface StoreIdentity {
  readonly format: number;
  /** 16 random bytes, hex */
  readonly storeId: string;
  readonly clusterName: string;
  readonly brokerName: string;
  readonly segmentBytes: number;
  readonly pageSize: number;
}

/**
 * Reads store.json, or makes it in a folder without a log.
 * @throws StoreError format: another broker's folder, a newer format, or a log without store.json
 */
export function identify(
  path: string,
  wanted: Omit<StoreIdentity, 'format' | 'storeId'>,
  hasLog: boolean,
): StoreIdentity {
  const file = join(path, FILE);
  if (!existsSync(file)) {
    if (hasLog) {
      throw new StoreError(
        'format',
        `${path} has segments but no ${FILE}: restore it, or give another store folder`,
      );
    }
    const identity = { format: FORMAT, storeId: randomBytes(16).toString('hex'), ...wanted };
    writeDurably(file, `${JSON.stringify(identity, undefined, 2)}\n`);
    return identity;
  }
  const found = readIdentity(path);
  if (found.brokerName !== wanted.brokerName) {
    throw new StoreError(
      'format',
      `${path} belongs to broker ${found.brokerName}, not ${wanted.brokerName}: give this broker a store folder of its own, or its old name`,
    );
  }
  if (found.clusterName !== wanted.clusterName) {
    throw new StoreError(
      'format',
      `${path} belongs to cluster ${found.clusterName}, not ${wanted.clusterName}: give another store folder, or the old cluster name`,
    );
  }
  return found;
}

/** @throws StoreError format: no store.json that can be read, or a newer format */
export function readIdentity(path: string): StoreIdentity {
  const file = join(path, FILE);
  const found = parse(file);
  if (found.format !== FORMAT) {
    throw new StoreError(
      'format',
      `${file} has format ${found.format}, this version reads ${FORMAT}: start a version that knows it`,
    );
  }
  return found;
}

function parse(file: string): StoreIdentity {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof found === 'object' && found !== null && 'format' in found && 'storeId' in found) {
      return found as StoreIdentity;
    }
  } catch (cause) {
    throw new StoreError('format', `${file} cannot be read: restore it from a copy`, { cause });
  }
  throw new StoreError('format', `${file} is no store identity: restore it from a copy`);
}

/**
 * Makes a folder with all that it lies in. It is there after a power loss too.
 * @throws StoreError format
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  let folder = resolve(path);
  for (; !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  mustBeFolder(folder);
  for (const each of missing) makeOne(each);
  // a folder's entry is its parent's content
  for (const each of missing) syncPath(dirname(each));
}

/** One at a time: where nothing can be made (/proc), Node.js goes on for ever with those that lie in each other. */
function makeOne(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') return mustBeFolder(folder);
    throw new StoreError('format', `the folder ${folder} cannot be made (${code}): ${NAME_ANOTHER}`, {
      cause,
    });
  }
}

function mustBeFolder(path: string): void {
  if (!statSync(path).isDirectory())
    throw new StoreError('format', `${path} is a file, no folder: ${NAME_ANOTHER}`);
}

const NAME_ANOTHER = 'name one that the broker may write to (storePathRootDir, storePathCommitLog)';

/** The file is there with all of its content, or as it was before, whatever happens. */
export function writeDurably(file: string, content: string): void {
  const fresh = `${file}.new`;
  writeFileSync(fresh, content);
  syncPath(fresh);
  renameSync(fresh, file);
  syncPath(dirname(file));
}

export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
