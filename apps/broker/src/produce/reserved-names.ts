import { PropertyName } from '@halfmq/remoting';

/** Names of properties that are not for users. */
export const RESERVED: ReadonlySet<string> = new Set(Object.values(PropertyName));
