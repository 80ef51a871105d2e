import { nextDataVersion, StatusError, type Clock, type DataVersion, type Log } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import { SETTINGS } from '../config/settings.js';
import type { Registration } from '../directory/registration.js';

/** Those that the rooms read each time they need them: a change counts from the next request on. */
const LIVE: ReadonlySet<string> = new Set<keyof BrokerConfig>([
  'autoCreateSubscriptionGroup',
  'brokerPermission',
  'channelExpiredTimeout',
  'defaultMessageRequestMode',
  'defaultPopShareQueueNum',
  'enablePropertyFilter',
  'longPollingEnable',
  'maxMessageSize',
  'maxPopPollingSize',
  'maxTopicLength',
  'maxTransferBytesOnMessageInMemory',
  'maxTransferCountOnMessageInMemory',
  'notifyConsumerIdsChangedEnable',
  'popFromRetryProbability',
  'popPollingSize',
  'recallMessageEnable',
  'rejectPullConsumerEnable',
  'rejectTransactionMessage',
  'enableTopicMessageTypeCheck',
  'shortPollingTimeMills',
  'startAcceptSendRequestTimeStamp',
  'storeReplyMessageEnable',
  'timerMaxDelaySec',
  'transactionCheckInterval',
  'transactionCheckMax',
  'transactionTimeOut',
]);

/** The broker's settings, shown and changed while it runs. A change lasts until the next start: files are not written. */
export class LiveSettings {
  private version: DataVersion;

  constructor(
    private readonly config: BrokerConfig,
    private readonly registration: Pick<Registration, 'again'>,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.version = { counter: 0, stateVersion: 0, timestamp: clock.now() };
  }

  get dataVersion(): DataVersion {
    return this.version;
  }

  /** A line `name=value` each. */
  text(): string {
    return Object.entries(this.config)
      .map(([name, value]) => `${name}=${String(value)}\n`)
      .join('');
  }

  /**
   * All of them, or none. Names this broker has no setting of are passed over, as in RocketMQ: tools send what they know.
   * @throws StatusError INVALID_PARAMETER: a value is none, or the setting counts from the next start on
   */
  update(text: string): void {
    const changes = new Map(pairsOf(text).flatMap(([name, value]) => this.change(name, value)));
    if (changes.size === 0) return;
    // the one place where they change: rooms are given this very object
    Object.assign(this.config, Object.fromEntries(changes));
    this.version = nextDataVersion(this.version, this.clock);
    this.log.warn('settings were changed until the next start', Object.fromEntries(changes));
    if (changes.has('brokerPermission')) this.registration.again();
  }

  private change(name: string, text: string): [string, unknown][] {
    if (!isSetting(name)) return [];
    const { kind } = SETTINGS[name];
    const value = kind.parse(text);
    if (value === undefined) throw illegal(`${name}: ${kind.expected} expected, got ${text}`);
    if (value === this.config[name]) return [];
    if (LIVE.has(name)) return [[name, value]];
    throw illegal(
      `${name} cannot change while the broker runs: set it in its file or options, and start it again`,
    );
  }
}

const isSetting = (name: string): name is keyof BrokerConfig => Object.hasOwn(SETTINGS, name);

function pairsOf(text: string): [string, string][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', ...value] = line.split('=');
      return [name.trim(), value.join('=').trim()];
    });
}

const illegal = (why: string): StatusError => new StatusError('INVALID_PARAMETER', why);
