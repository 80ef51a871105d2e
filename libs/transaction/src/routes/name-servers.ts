import {
  AddressServer,
  type Clock,
  type Command,
  type Log,
  type RemotingClient,
  type RequestSpec,
} from '@halfmq/remoting';
import { InvalidOption, NoNameServer } from '../errors.js';

/**
 * `a:9876;b:9876`, with ; or , between, or a list of such texts.
 * @throws InvalidOption when nothing is left or an entry is no host:port
 */
export function parseNameServers(given: string | readonly string[]): string[] {
  const texts: readonly unknown[] = Array.isArray(given) ? given : [given];
  // an environment variable that is not set comes as undefined, whatever the types say
  if (!texts.every((text) => typeof text === 'string')) {
    throw new InvalidOption(`nameServers: text like host:9876 expected, got ${JSON.stringify(given)}`);
  }
  const addresses = texts.flatMap((text) => text.split(/[;,]/)).map((text) => text.trim());
  const named = [...new Set(addresses.filter((address) => address !== ''))];
  for (const address of named) {
    const port = Number(/^.+:(\d{1,5})$/.exec(address)?.[1]);
    if (!(port > 0 && port < 65_536)) {
      throw new InvalidOption(
        `nameServers: host:port expected, got ${JSON.stringify(address)}; several are separated by ; or ,`,
      );
    }
  }
  if (named.length === 0) throw new InvalidOption('nameServers: host:port expected, got nothing');
  return named;
}

/** RocketMQ's clients ask as often. */
const FOLLOW_MS = 120_000;

/** An address server that says where name servers are; undefined: the option names them itself. */
function addressServerOf(given: string | readonly string[]): string | undefined {
  const texts: readonly unknown[] = Array.isArray(given) ? given : [given];
  const [only, ...more] = texts;
  if (typeof only !== 'string' || more.length > 0 || !/^https?:\/\//.test(only.trim())) return undefined;
  return only.trim();
}

/** Keeps to one name server until it is lost, then moves on to the next; any of them can answer everything. */
export class NameServers {
  private at = 0;
  private named: readonly string[] = [];
  private readonly following: AddressServer | undefined;

  /**
   * @param given host:port of each; or the URL of an address server, whose list is followed
   * @throws InvalidOption
   */
  constructor(
    private readonly remoting: RemotingClient,
    clock: Clock,
    private readonly log: Log,
    given: string | readonly string[],
    private readonly timeoutMs: number,
  ) {
    const url = addressServerOf(given);
    if (url === undefined) this.named = parseNameServers(given);
    else this.following = new AddressServer(clock, log, url, (list) => this.follow(list));
  }

  get addresses(): readonly string[] {
    return this.named;
  }

  start(): void {
    this.following?.start(FOLLOW_MS);
  }

  stop(): void {
    this.following?.stop();
  }

  /** The one it keeps to is kept to, where it is still named. */
  private follow(list: readonly string[]): void {
    const kept = this.named[this.at];
    this.named = list;
    this.at = Math.max(0, kept === undefined ? 0 : list.indexOf(kept));
  }

  /**
   * @returns the answer of the first that gives one, whatever its code
   * @throws NoNameServer with every address and what went wrong there
   */
  async request<H>(spec: RequestSpec<H>, header: H): Promise<Command> {
    const failures: string[] = [];
    const tried = new Set<string>();
    if (this.named.length === 0) await this.looked(failures);
    // whom to ask next is looked up each time: the list may be another one by then
    for (let address = this.next(tried); address !== undefined; address = this.next(tried)) {
      tried.add(address);
      try {
        return await this.remoting.request(address, spec, header, undefined, { timeoutMs: this.timeoutMs });
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
        this.moveOn(address, failures);
      }
    }
    throw new NoNameServer(this.addresses, failures);
  }

  /** The one kept to, or the first after it that was not tried. */
  private next(tried: ReadonlySet<string>): string | undefined {
    const { named, at } = this;
    return [...named.slice(at), ...named.slice(0, at)].find((address) => !tried.has(address));
  }

  private async looked(failures: string[]): Promise<void> {
    try {
      await this.following?.look();
    } catch (error) {
      failures.push((error as Error).message);
    }
  }

  private moveOn(from: string, failures: readonly string[]): void {
    // another request may have moved on already
    if (this.named.length === 1 || this.named[this.at] !== from) return;
    this.at = (this.at + 1) % this.named.length;
    this.log.warn(`name server lost, moving to ${this.named[this.at]}`, { reason: failures.at(-1) });
  }
}
