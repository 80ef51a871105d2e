import { ConfigError, type Origin } from '@halfmq/remoting/settings';

const REPLICAS =
  'this broker keeps no replicas yet; a master alone is brokerRole=ASYNC_MASTER with brokerId=0';
const ONE_FOLDER = 'segments lie in one folder, and what lies in others would not be served';
const ACCESS = 'this broker checks no credentials yet, and would let everybody in';

/**
 * Settings whose promise would be broken silently if they were only left aside: a copy that does not exist, messages
 * that are not served, a door that is not locked.
 * @throws ConfigError that says why
 */
export function refuseWhatIsMissing(name: string, value: string, origin: Origin): void {
  const reason = REASONS[name]?.(value);
  if (reason !== undefined) throw new ConfigError(origin, `${name}=${value} cannot be honoured: ${reason}`);
}

const whenTrue =
  (reason: string) =>
  (value: string): string | undefined =>
    value === 'true' ? reason : undefined;

const REASONS: Readonly<Record<string, (value: string) => string | undefined>> = {
  brokerRole: (value) => (value === 'SYNC_MASTER' || value === 'SLAVE' ? REPLICAS : undefined),
  brokerId: (value) => (/^\+?0*[1-9]\d*$|^-1$/.test(value) ? REPLICAS : undefined),
  enableDLegerCommitLog: whenTrue(REPLICAS),
  enableControllerMode: whenTrue(REPLICAS),
  readOnlyCommitLogStorePaths: (value) => (value === '' ? undefined : ONE_FOLDER),
  aclEnable: whenTrue(ACCESS),
  authenticationEnabled: whenTrue(ACCESS),
  authorizationEnabled: whenTrue(ACCESS),
};
