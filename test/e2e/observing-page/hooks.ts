import type { ClientHook } from '@halfmq/transaction';

export const lines: string[] = [];
const audit = (line: string): void => void lines.push(line);

// #region
export const auditing: ClientHook = {
  async send(sending, proceed) {
    for (const { properties } of sending.messages) properties.set('sent-by', 'shop');
    const sent = await proceed(); // throws what the send throws
    audit(`${sending.topic}: ${sent?.status ?? 'one-way'}`);
    return sent;
  },
  async consume({ group, message }, handle) {
    await handle(); // throws what the handler throws
    audit(`${group} has handled ${message.messageId}`);
  },
};
// #endregion
