import { get } from 'node:http';
import { get as getByTls } from 'node:https';
import { every, type Cancel, type Clock } from './clock.js';
import type { Log } from './log.js';
import { addresses } from './settings/kinds.js';

const TIMEOUT_MS = 3_000;
/** Of a list. */
const LONGEST = 64 * 1024;
/** RocketMQ's, where its domain names none. */
const DEFAULT_PORT = 8080;

/** Where RocketMQ's address server is asked. @param domain with or without a port (rmqAddressServerDomain) */
export function addressServerUrl(domain: string, subGroup: string): string {
  return `http://${domain.includes(':') ? domain : `${domain}:${DEFAULT_PORT}`}/rocketmq/${subGroup}`;
}

/**
 * Follows the list of name servers that an address server answers with, as text: `a:9876;b:9876`. What it does not answer,
 * or answers with anything else, changes nothing.
 */
export class AddressServer {
  private list: readonly string[] = [];
  private looking: Promise<void> | undefined;
  private failing = false;
  private stopLooking: Cancel | undefined;

  /** @param changed hears of every other list, the first one too */
  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly url: string,
    private readonly changed: (list: readonly string[]) => void,
  ) {}

  /** Looks now, and each `everyMs` from now on. */
  start(everyMs: number): void {
    this.stopLooking ??= every(this.clock, everyMs, () => this.look().catch(() => undefined));
    this.look().catch(() => undefined);
  }

  stop(): void {
    this.stopLooking?.();
    this.stopLooking = undefined;
  }

  /** @throws Error in one line, which the log has, too */
  look(): Promise<void> {
    this.looking ??= this.ask().finally(() => (this.looking = undefined));
    return this.looking;
  }

  private async ask(): Promise<void> {
    try {
      const list = listIn(await textAt(this.url));
      this.failing = false;
      if (list.join(';') === this.list.join(';')) return;
      this.list = list;
      this.log.info('the address server names these name servers', { url: this.url, nameServers: list });
      this.changed(list);
    } catch (cause) {
      const error = new Error(`address server ${this.url}: ${(cause as Error).message}`, { cause });
      // once: it is asked again and again
      if (!this.failing) this.log.warn('the list of name servers stays as it is', { error: error.message });
      this.failing = true;
      throw error;
    }
  }
}

function listIn(text: string): string[] {
  const [line = ''] = text.trim().split(/[\r\n]/);
  const list = addresses.parse(line);
  if (list === undefined || list === '')
    throw new Error(`expected ${addresses.expected}, got ${JSON.stringify(line.slice(0, 128))}`);
  return list.split(';');
}

function textAt(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const ask = url.startsWith('https:') ? getByTls : get;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const request = ask(url, { agent: false, signal }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > LONGEST) request.destroy(new Error(`more than ${LONGEST} bytes`));
      });
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(text) : reject(new Error(`it answered ${answer.statusCode}`)),
      );
      answer.on('error', reject);
    });
    request.on('error', (error) =>
      reject(signal.aborted ? new Error(`no answer within ${TIMEOUT_MS} ms`) : error),
    );
  });
}
