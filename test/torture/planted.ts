import {
  CommandFlag,
  formatProperties,
  isResponse,
  parseProperties,
  RequestCode,
  SysFlag,
  type Command,
  type NewCommand,
} from '@halfmq/remoting';
import type { Alteration, Ends } from './altered-wire.js';

/*
 * Brokers that break the rules: a real one, behind a wire that alters what is said to it and by it. Each names the cases
 * that must find it, and no others may.
 */

/** SEND_MESSAGE_V2 names its fields with letters. */
const TOPIC = 'b';
const SYS_FLAG = 'f';
const BORN = 'g';
const HOUR_MS = 3_600_000;
const PROPERTIES = 'i';
const MOMENT_MS = 100;
/** Answers to what is added here belong to nobody. */
const OWN_OPAQUES = -1_000_000;

const propertiesOf = ({ extFields }: Command): Map<string, string> =>
  parseProperties(extFields?.[PROPERTIES]);
const isHalf = (command: Command): boolean =>
  command.code === RequestCode.SEND_MESSAGE_V2 && propertiesOf(command).has('TRAN_MSG');
const isCheck = (command: Command): boolean =>
  !isResponse(command) && command.code === RequestCode.CHECK_TRANSACTION_STATE;
const isCommit = ({ code, extFields }: Command): boolean =>
  code === RequestCode.END_TRANSACTION &&
  extFields?.['commitOrRollback'] === String(SysFlag.TRANSACTION_COMMIT);

const isOff = ({ extFields }: Command): boolean => Math.abs(Date.now() - Number(extFields?.[BORN])) > HOUR_MS;

function withProperty(send: Command, name: string, value: string): NewCommand {
  const properties = formatProperties(propertiesOf(send).set(name, value));
  return { ...send, extFields: { ...send.extFields, [PROPERTIES]: properties } };
}

/** Sends of its own among those of the connection: their answers go no further. */
class Added {
  private next = OWN_OPAQUES;

  constructor(private readonly ends: Ends) {}

  send(like: Command, properties: Map<string, string>): void {
    const extFields = { ...like.extFields, [SYS_FLAG]: '0', [PROPERTIES]: formatProperties(properties) };
    this.ends.toBroker({ ...like, opaque: this.next--, flag: 0, extFields });
  }

  readonly fromBroker = (command: Command): Command | undefined =>
    isResponse(command) && command.opaque <= OWN_OPAQUES ? undefined : command;
}

/** As brokers do that keep no verdicts: whatever is committed is delivered, again or after a rollback. */
function delivering(): (ends: Ends) => Alteration {
  const halves = new Map<string, Command>();
  return (ends) => {
    const added = new Added(ends);
    const fromClient = (command: Command): Command => {
      if (isHalf(command)) halves.set(propertiesOf(command).get('UNIQ_KEY') ?? '', command);
      const half = isCommit(command) && halves.get(command.extFields?.['transactionId'] ?? '');
      if (half) {
        const properties = propertiesOf(half);
        properties.delete('TRAN_MSG');
        added.send(half, properties);
      }
      return command;
    };
    return { fromClient, fromBroker: added.fromBroker };
  };
}

/** Asks whoever is there, and at once when a producer's clock is off. */
function hasty(): Alteration {
  const fromClient = (command: Command): NewCommand => {
    if (isHalf(command) && isOff(command))
      return withProperty(command, 'CHECK_IMMUNITY_TIME_IN_SECONDS', '0');
    if (command.code !== RequestCode.HEART_BEAT) return command;
    const beat = JSON.parse(command.body.toString()) as { producerDataSet: object[] };
    const producerDataSet = beat.producerDataSet.map((one) => ({ ...one, transactionalTopics: ['*'] }));
    return { ...command, body: Buffer.from(JSON.stringify({ ...beat, producerDataSet })) };
  };
  return { fromClient };
}

/** Asks only those who have sent on this connection, and never about those with an immunity time. */
function forgetful(): Alteration {
  let hasSent = false;
  const fromClient = (command: Command): Command => {
    hasSent ||= isHalf(command);
    return command;
  };
  const isImmune = (command: Command): boolean => command.body.includes('CHECK_IMMUNITY_TIME_IN_SECONDS');
  const fromBroker = (command: Command): Command | undefined =>
    isCheck(command) && (!hasSent || isImmune(command)) ? undefined : command;
  return { fromClient, fromBroker };
}

/** Asks again a moment after a commit, and recovers nothing. */
function stubborn(ends: Ends): Alteration {
  const asked = new Map<string, Command>();
  const fromClient = (command: Command): Command | undefined => {
    const { code, opaque, extFields } = command;
    if (code === RequestCode.RESUME_CHECK_HALF_MESSAGE) {
      ends.toClient({ code: 0, opaque, flag: CommandFlag.RESPONSE });
      return undefined;
    }
    const check = isCommit(command) && asked.get(extFields?.['transactionId'] ?? '');
    if (check) setTimeout(() => ends.toClient(check), MOMENT_MS);
    return command;
  };
  const fromBroker = (command: Command): Command => {
    if (isCheck(command)) asked.set(command.extFields?.['transactionId'] ?? '', command);
    return command;
  };
  return { fromClient, fromBroker };
}

/** Writes a half message again with each check. */
function growing(ends: Ends): Alteration {
  const added = new Added(ends);
  let half: Command | undefined;
  const fromClient = (command: Command): Command => {
    if (isHalf(command)) half = command;
    return command;
  };
  const fromBroker = (command: Command): Command | undefined => {
    if (half && isCheck(command)) {
      const copy = { ...half, extFields: { ...half.extFields, [TOPIC]: 'copies' } };
      added.send(copy, new Map());
    }
    return added.fromBroker(command);
  };
  return { fromClient, fromBroker };
}

export interface Plant {
  readonly name: string;
  readonly alter: (ends: Ends) => Alteration;
  /** numbers of the cases that find it */
  readonly found: readonly number[];
}

export const PLANTS: readonly Plant[] = [
  { name: 'delivers whatever is committed', alter: delivering(), found: [1, 2, 3, 4, 10, 11, 14, 15] },
  { name: 'asks anybody, and believes the clocks of producers', alter: hasty, found: [5, 6] },
  { name: 'asks only who has sent, and nobody about immune ones', alter: forgetful, found: [7, 10, 11] },
  { name: 'asks after the verdict, and recovers nothing', alter: stubborn, found: [3, 15] },
];

/** Of case 8, which is alone with its broker. */
export const GROWING: Plant = { name: 'writes with each check', alter: growing, found: [8] };
